"""What a document is, before anything in it is read: defaults, a manifest of a kind, or nothing of ours."""

from __future__ import annotations

from sagespec.base.diagnostic import Diagnostic, Edit, Severity
from sagespec.catalog import near
from sagespec.kinds import KINDS, kind_named
from sagespec.reading.syntax.document import Document


def foreign_document(document: Document) -> Diagnostic | None:
    """What there is to say of a document that is another tool's, or no manifest at all."""
    from sagespec.reading.meant import foreign  # few files are none of ours

    fields = (kind_named(name).model.fields for name in KINDS)
    return foreign.diagnosed(document, {"apiVersion", "kind", "matrix"}.union(*fields))


_DEFAULTS = "config settings project"
"""What other tools call what a Defaults document is."""
_TUNING = "hyperparametertuningjob hyperparametertuner tuningjob tuner sweep"


def unknown_kind(document: Document) -> Diagnostic:
    stated = document.data.get("kind") if isinstance(document.data, dict) else None
    names = (*KINDS, "Defaults")
    word = "".join(filter(str.isalnum, str(stated)[:60].lower()))
    called = {**{kind: kind_named(kind).called for kind in KINDS}, "Defaults": _DEFAULTS}
    meant = near(str(stated), names) or next((kind for kind, words in called.items() if word in words.split()), None)
    message = f"there is no kind '{str(stated)[:60]}'"
    hint = f"did you mean {meant}?" if meant else f"write one of {', '.join(names)}"
    if word in _TUNING.split():
        hint = "write kind: TrainingJob with a matrix, which makes one job for each combination"
    place = document.where(("kind",))
    fix = (Edit(place.span, meant),) if meant and meant.lower() == str(stated).lower() else ()
    return Diagnostic(place, Severity.ERROR, "unknown-kind", message, hint, ("kind",), fix)
