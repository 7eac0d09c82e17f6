"""Whether the script starts at all: its Python, the modules beside it, and whether anything in it runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Place
from sagespec.checking.rule import ERROR, SDK2, SDK_DOC, TOOLKIT, WARNING, rule
from sagespec.kinds.training_job.shared.code import JobCode
from sagespec.kinds.training_job.subjects import CODE


@rule(ERROR, on=CODE, source="https://docs.python.org/3/reference/")
def script_syntax_error(code: JobCode, _: None) -> Finding | None:
    """A script that Python cannot read fails as soon as it is started.

    Bad:
        framework_version: "2.14"

    Bad script:
        if __name__ == "__main__"
            print("training")

    Good:
        framework_version: "2.14"

    Good script:
        if __name__ == "__main__":
            print("training")
    """
    script = code.script
    if script is None or script.study.readable or script.study.wrong is None:
        return None
    version, place = _python3(code.container.python), script.place(script.study.wrong)
    # A newer Python than ours may read what ours cannot.
    if version is None or (version > sys.version_info[:2] and re.search(_NEW_SYNTAX, _around(place))):
        return None
    return Finding(
        ("entry_point",),
        f"the script cannot be read: {script.study.problem}",
        "correct the script",
        place=place,
    )


_NEW_SYNTAX = r"(?m)^\s*(type|match|case)\s|except\s*\*|\b(def|class)\s+\w+\s*\[|\b[rR]?[fFtT][rR]?[\"']|^\s*with\s*\("
"""What Pythons since 3.10 have added, or read more of."""


def _around(place: Place) -> str:
    """The lines about a place: a mistake in an f-string may be seen late."""
    line = place.span.line
    return "\n".join(place.source.line(number) for number in range(max(1, line - 3), line + 1))


def _python3(python: str | None) -> tuple[int, int] | None:
    """The container's Python as far as `py_version` says it; None for Python 2 and where it is not known."""
    digits = (python or "").removeprefix("py")
    if not digits.startswith("3"):
        return None
    return (3, int(digits[1:])) if digits[1:] else (3, 6)


@rule(ERROR, on=CODE, source=SDK_DOC + "; https://docs.python.org/3/howto/pyporting.html")
def script_for_other_python(code: JobCode, _: None) -> Finding | None:
    """A script for Python 2 does not start on Python 3, nor one with newer syntax on Python 2.

    Legacy mode runs Python 2.7, and so does py2.

    Bad:
        framework_version: "2.21"

    Bad script:
        print "training"

    Good:
        framework_version: "2.21"

    Good script:
        print("training")
    """
    script, python = code.script, code.container.python
    if script is None or python is None or code.container.brings_image or not script.study.readable:
        return None
    study = script.study
    if python != "py2" and study.python2 and study.wrong is not None:
        return Finding(
            ("py_version",),
            f"this is Python 2, and the job runs {_spelt(python)}: {study.problem}",
            "correct the script, or take a version with py2",
            place=script.place(study.wrong),
        )
    version = _python3(python)
    if study.newer is not None and version is not None and python != "py3" and version < study.newer[0]:
        return Finding(
            ("py_version",),
            f"this needs Python {'.'.join(map(str, study.newer[0]))}, and the job runs {_spelt(python)}",
            "write it so that the older Python reads it, or take a newer version of the framework",
            place=script.place(study.newer[1]),
        )
    if python == "py2" and study.only_python3 is not None:
        return Finding(
            ("py_version",),
            "Python 2.7, which the job runs, cannot read this",
            "write it so that Python 2.7 reads it, or take a version with Python 3",
            place=script.place(study.only_python3),
        )
    return None


def _spelt(python: str) -> str:
    digits = python.removeprefix("py")
    return f"Python {digits[0]}.{digits[1:]}" if digits[1:] else f"Python {digits}"


@rule(ERROR, on=CODE, source=TOOLKIT + " (entry_point.py, run)")
def script_runs_nothing(code: JobCode, _: None) -> Finding | None:
    """Script mode runs the file as a program: functions that nobody calls train nothing.

    The job would end at once, as a success, with an empty model. Functions for legacy mode are called by legacy
    containers only, which TensorFlow 1.4 to 1.12 have.

    Bad:
        framework_version: "2.21"

    Bad script:
        def main():
            print("training")

    Good:
        framework_version: "2.21"

    Good script:
        def main():
            print("training")
        if __name__ == "__main__":
            main()
    """
    script = code.script
    if script is None or not code.container.script_mode or not script.study.idle:
        return None
    legacy = script.study.functions is not None and "train_input_fn" in script.study.functions.found
    if legacy:
        message = "the script has functions for legacy mode, and script mode calls none of them: it trains nothing"
        hint = "call tf.estimator.train_and_evaluate under a main guard, or take a version with legacy mode"
    else:
        message = f"the script defines {', '.join(script.study.idle[:3])}, and calls nothing: it trains nothing"
        hint = 'call what is to run under if __name__ == "__main__":'
    return Finding(("entry_point",), message, hint, place=script.start)


@rule(ERROR, on=CODE, source=SDK2 + "fw_utils.py, tar_and_upload_dir")
def imported_module_not_packed(code: JobCode, _: None) -> Iterator[Finding]:
    """Without source_dir the entry point is packed alone, and a module beside it stays behind.

    The script then stops at the import.

    Bad:
        entry_point: train.py

    Bad script:
        import os
        import train_helpers
        if __name__ == "__main__":
            print(train_helpers, os.environ["SM_MODEL_DIR"])

    Good:
        entry_point: train.py
        source_dir: .

    Good script:
        import os
        import train_helpers
        if __name__ == "__main__":
            print(train_helpers, os.environ["SM_MODEL_DIR"])
    """
    script = code.script
    if script is None or code.container.brings_image:  # an image of one's own may have it
        return
    for name, piece in script.left_behind:
        yield Finding(
            ("entry_point",),
            f"the script imports {name}, which lies beside it and is not packed with it",
            f"write source_dir: the folder that holds both, or dependencies: [{name}.py]",
            related=script.place(piece),
        )


@rule(WARNING, on=CODE, source=SDK_DOC + " (Prepare a training script)")
def training_without_main_guard(code: JobCode, _: None) -> Finding | None:
    """Training that starts when a file is imported starts at wrong times too.

    A file that also has functions for serving is imported by the container that serves the model, and processes that
    are spawned import their program again.

    Bad:
        model_dir: false

    Bad script:
        import os
        import keras
        def input_fn(data, content_type):
            return data
        model = keras.Sequential([keras.layers.Dense(1)])
        model.fit([[1.0]], [[1.0]], epochs=3)
        model.export(os.environ["SM_MODEL_DIR"])

    Good:
        model_dir: false

    Good script:
        import os
        import keras
        def input_fn(data, content_type):
            return data
        if __name__ == "__main__":
            model = keras.Sequential([keras.layers.Dense(1)])
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])
    """
    script = code.script if code.container.script_mode else None
    if script is None or script.study.unguarded is None or script.study.serving is None:
        return None
    asks = script.study.environment
    spawns = asks is not None and not _SPAWNS.isdisjoint(asks.texts)
    if not script.study.serving.found and not spawns:
        return None  # nobody imports it
    return Finding(
        ("entry_point",),
        "importing this file starts training: there is no main guard",
        'put what is to run under if __name__ == "__main__":',
        place=script.place(script.study.unguarded),
    )


_SPAWNS = frozenset({"spawn", "forkserver"})
