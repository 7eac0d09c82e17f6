"""How a program saves its model, as far as a server can load it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Protocol

from sagespec.base.named import NamedTuple
from sagespec.scripts.syntax import Piece
from sagespec.scripts.syntax.program import Program
from sagespec.scripts.syntax.walking import Module, Occurrence

FILES = (".keras", ".h5", ".hdf5", ".weights.h5")
_EXPORTS = {"export": 0, "tensorflow.saved_model.save": 1}
"""What writes a SavedModel → where the path stands among its arguments."""
_SAVES = {"save": 0, "tensorflow.keras.models.save_model": 1, "keras.models.save_model": 1}
"""What writes a SavedModel or a file, as the path's end says → where the path stands."""
_OTHERS = frozenset(
    {
        *("export_saved_model", "export_savedmodel", "simple_save", "SavedModelBuilder", "Builder", "ExportArchive"),
        *("FinalExporter", "BestExporter", "LatestExporter", "train_and_evaluate", "save_pretrained", "save_model"),
        *("write_out", "run", "call", "check_call", "check_output", "Popen", "system", "popen"),
        *("copy", "copy2", "copyfile", "copytree", "move", "rename", "replace", "renames", "symlink", "make_archive"),
    }
)
"""Calls that may write a SavedModel, or put one where the server finds it."""
_HARMLESS = frozenset({"numpy", "joblib", "matplotlib", "PIL", "pandas", "subprocess", "os", "random", "copy"})
"""Modules whose functions of such names write no model."""


class Reader(Protocol):
    """What else is known of the program's calls."""

    def end_of(self, node: ast.expr | None, module: Module, hit: Occurrence) -> str | None:
        """How a path ends, as far as it is written; `model` for SM_MODEL_DIR itself."""
        ...

    def is_model(self, module: Module, node: ast.expr) -> bool:
        """Whether a name is a Keras model."""
        ...


class Kept(NamedTuple):
    """A model that a program saves where TensorFlow Serving does not find it, and nothing else that it would find."""

    piece: Piece
    file: str = ""
    """The file's ending; else it is a folder that is not called by a number."""


def kept(program: Program, reader: Reader) -> Kept | None:
    """The first way in which a program saves a model, where no way of it makes one that TensorFlow Serving loads."""
    found: list[Kept] = []
    for module, hit in program.occurrences("calls"):
        for way in _ways(program, module, hit, reader):
            if way is None:
                return None
            found.append(way)
    return next((way for way in found if not way.file), found[0] if found else None)


def _ways(program: Program, module: Module, hit: Occurrence, reader: Reader) -> Iterator[Kept | None]:
    """What a call keeps; None where that may be a model that can be served."""
    call, dotted = hit.node, module.dotted(hit.node.func)
    last = call.func.attr if isinstance(call.func, ast.Attribute) else dotted.rpartition(".")[2]
    if dotted.partition(".")[0] in _HARMLESS and not dotted.startswith(("subprocess.", "os.")):
        return
    place = _EXPORTS.get(dotted, _SAVES.get(dotted, _EXPORTS.get(last, _SAVES.get(last))))
    if place is None:
        if last in _OTHERS:
            yield None
        return
    is_method = isinstance(call.func, ast.Attribute) and reader.is_model(module, call.func.value)
    if dotted not in _EXPORTS | _SAVES and not is_method:
        yield None  # somebody's own function, or a checkpoint
        return
    words = {word.arg: word.value for word in call.keywords}
    path = call.args[place] if len(call.args) > place else words.get("filepath", words.get("export_dir"))
    end = reader.end_of(path, module, hit)
    if end is None or None in words:
        yield None
        return
    exports = dotted in _EXPORTS or last in _EXPORTS
    ending = next((each for each in FILES if end.endswith(each)), "")
    if ending and not exports:
        yield Kept(program.piece(module, call), ending)
    else:
        yield None if end.rstrip("/").rpartition("/")[2].isdecimal() else Kept(program.piece(module, call))
