"""What a program certainly asks of the libraries in its image: modules, names, ways to save, places to write to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from sagespec.base.named import NamedTuple
from sagespec.scripts.keeping import Kept, kept
from sagespec.scripts.keras_models import KERAS, fits, keras_models
from sagespec.scripts.syntax import Piece
from sagespec.scripts.syntax.program import Program
from sagespec.scripts.syntax.walking import Module, Occurrence
from sagespec.scripts.values import value
from sagespec.scripts.values.constants import UNKNOWN

_FOLDERS = frozenset({"model_dir", "sm_model_dir"})
"""Arguments that are folders, as everybody calls them."""
_MODEL_VARIABLE = "SM_MODEL_DIR"
_GENERATORS = frozenset({"fit_generator", "evaluate_generator", "predict_generator"})
_SAVERS = frozenset({"export", "save", "save_weights"})
_STRATEGIES = frozenset({"MultiWorkerMirroredStrategy", "CollectiveAllReduceStrategy"})
_ROOTS = ("tensorflow.", "keras.", "numpy.", "sklearn.")
"""Libraries whose names came to an end (`catalog/data/apis.json`)."""
_KERAS_2_WORDS = {"fit": frozenset({"workers", "use_multiprocessing", "max_queue_size"})}
_KERAS_2_WORDS |= {"evaluate": _KERAS_2_WORDS["fit"], "predict": _KERAS_2_WORDS["fit"]}
"""Methods of a model → arguments that Keras 3 refuses."""
_PYTHON_WRITERS = {
    "os.makedirs": 0,
    "os.mkdir": 0,
    "joblib.dump": 1,
    "numpy.save": 0,
    "numpy.savez": 0,
    "shutil.copy": 1,
    "shutil.copyfile": 1,
    "shutil.copytree": 1,
}
"""Functions that know nothing of S3 → where the path stands among their arguments."""
_TENSORFLOW_WRITERS = {
    "tensorflow.saved_model.save": 1,
    "tensorflow.summary.create_file_writer": 0,
    "tensorflow.io.gfile.makedirs": 0,
    "tensorflow.io.gfile.mkdir": 0,
    "tensorflow.io.gfile.glob": 0,
    "tensorflow.io.gfile.GFile": 0,
    "tensorflow.io.gfile.exists": 0,
    "tensorflow.io.gfile.listdir": 0,
    "tensorflow.data.TFRecordDataset": 0,
    "tensorflow.train.CheckpointManager": 1,
    "tensorflow.keras.callbacks.ModelCheckpoint": 0,
    "keras.callbacks.ModelCheckpoint": 0,
    "tensorflow.keras.callbacks.TensorBoard": 0,
    "keras.callbacks.TensorBoard": 0,
    "tensorflow.keras.models.save_model": 1,
}
"""Functions that use TensorFlow's file systems → where the path stands."""

Way = Literal["save", "save_weights", "checkpoint", "weights_checkpoint"]


class Saving(NamedTuple):
    """A call that saves a Keras model."""

    way: Way
    end: str
    """How the path ends, as far as it is written."""
    named_format: bool
    """It says `save_format`."""
    piece: Piece


class Location(NamedTuple):
    """A path that a call is given and that may lie in S3."""

    of_model_dir: bool
    """It begins with the value of --model_dir; else with s3://."""
    by_tensorflow: bool
    """The call uses TensorFlow's file systems; else Python's."""
    called: str
    piece: Piece


class Libraries(NamedTuple):
    """What a program certainly asks of libraries."""

    modules: tuple[tuple[str, Piece], ...]
    """Modules that every run imports, by their full names."""
    names: tuple[tuple[str, Piece], ...]
    """Names of TensorFlow, Keras, numpy and scikit-learn that every run uses, with those of their modules."""
    savings: tuple[Saving, ...]
    generators: tuple[tuple[str, Piece], ...]
    """Methods of Keras 2 that train with a generator."""
    keras_2_arguments: tuple[tuple[str, str, Piece], ...]
    """What is called, and an argument of it that Keras 3 refuses."""
    legacy_keras: bool
    """The program may choose Keras 2 by itself, or asks for versions."""
    locations: tuple[Location, ...]
    strategy: tuple[str, Piece] | None
    """The class of tf.distribute for several workers that every run makes."""
    horovod: Piece | None
    """Where every run starts Horovod."""
    fits: bool
    """Every run trains with Keras's `fit`."""
    model_dir_named_once: bool
    """SM_MODEL_DIR is in one place, and nothing else names the model's folder."""
    kept: Kept | None
    """How it saves its model, where no server of TensorFlow would load that."""


def libraries(program: Program) -> Libraries:
    """What a program certainly asks of libraries."""
    reader = _LibraryReader(program)
    texts = [hit.node.value for _, hit in program.occurrences("texts")]
    folders = [text for text in texts if _MODEL_VARIABLE in text or "/opt/ml/model" in text]
    asks_version = not {"__version__", "VERSION"}.isdisjoint(program.names)
    return Libraries(
        modules=tuple(reader.modules()),
        names=tuple(reader.names()),
        savings=tuple(reader.savings()),
        generators=tuple(reader.generators()),
        keras_2_arguments=tuple(reader.keras_2_arguments()),
        legacy_keras=asks_version or "tf_keras" in program.imported or "TF_USE_LEGACYKERAS" in texts,
        locations=tuple(reader.locations()),
        strategy=reader.strategy(),
        horovod=reader.horovod(),
        fits=any(
            fits(hit.node, reader.models) and program.certain(module, hit)
            for module, hit in program.occurrences("calls")
        ),
        model_dir_named_once=len(folders) == 1,
        kept=kept(program, reader) if program.closed else None,
    )


class _LibraryReader:
    def __init__(self, program: Program) -> None:
        self.program = program
        entry = program.entry
        certain = {
            name for hit in entry.import_statements if program.certain(entry, hit) for name in _modules_of(hit.node)
        }
        numbers = {helper.number for name, helper in program.helpers.items() if name in certain}
        self.run = [module for module in program.modules.values() if module is entry or module.number in numbers]
        """The modules that every run reads."""
        self.calls = [
            (module, hit)
            for module, hit in program.occurrences("calls")
            if module in self.run and program.certain(module, hit)
        ]

    def modules(self) -> Iterator[tuple[str, Piece]]:
        for module in self.run:
            for hit in module.import_statements:
                if self.program.certain(module, hit) and not getattr(hit.node, "level", 0):
                    piece = self.program.piece(module, hit.node)
                    for name in _modules_of(hit.node):
                        yield name, piece

    def names(self) -> Iterator[tuple[str, Piece]]:
        """Names that are used, and those that are imported as if they were modules."""
        for name, piece in self.modules():
            if name.startswith(_ROOTS):
                yield name, piece
        for module in self.run:
            roots = self._sole_imports(module)
            for hit in module.uses:
                dotted = module.dotted(hit.node)
                root = _root(hit.node)
                if root in roots and dotted.startswith(_ROOTS) and self.program.certain(module, hit):
                    yield dotted, self.program.piece(module, hit.node)

    def _sole_imports(self, module: Module) -> set[str]:
        """Local names that stand for one import of TensorFlow or Keras and for nothing else."""
        meant: dict[str, set[str]] = {}
        for hit in module.import_statements:
            node = hit.node
            for alias in node.names:
                full = alias.name if isinstance(node, ast.Import) else f"{node.module or ''}.{alias.name}"
                local = alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)
                meant.setdefault(local, set()).add(full if alias.asname else full.partition(".")[0])
        stored = {
            _root(hit.node) for hit in module.uses if isinstance(getattr(hit.node, "ctx", None), ast.Store | ast.Del)
        }
        return {
            local
            for local, names in meant.items()
            if len(names) == 1 and not any(module.assigned.get(local, [])) and local not in stored
        }

    # Keras

    def savings(self) -> Iterator[Saving]:
        own = {name.rpartition(".")[2] for module in self.program.modules.values() for name in module.functions}
        for module, hit in self.calls:
            call, dotted = hit.node, module.dotted(hit.node.func)
            words = {word.arg: word.value for word in call.keywords}
            if dotted.startswith(KERAS) and dotted.endswith(".ModelCheckpoint"):
                weights = value(words.get("save_weights_only"), module)
                path = call.args[0] if call.args else words.get("filepath")
                end = self.end_of(path, module, hit)
                if end is not None and not (weights is UNKNOWN and "save_weights_only" in words):
                    way: Way = "weights_checkpoint" if weights is True else "checkpoint"
                    yield Saving(way, end, False, self.program.piece(module, call))
                continue
            if dotted.startswith(KERAS) and dotted.endswith(".save_model"):
                way, path = "save", call.args[1] if len(call.args) > 1 else words.get("filepath")
            elif isinstance(call.func, ast.Attribute) and call.func.attr in ("save", "save_weights"):
                if call.func.attr in own or not self.is_model(module, call.func.value):
                    continue
                way = "save" if call.func.attr == "save" else "save_weights"
                path = call.args[0] if call.args else words.get("filepath")
            else:
                continue
            end = self.end_of(path, module, hit)
            if end is not None and "zipped" not in words:
                yield Saving(way, end, "save_format" in words, self.program.piece(module, call))

    def generators(self) -> Iterator[tuple[str, Piece]]:
        for module, hit in self.calls:
            func = hit.node.func
            if isinstance(func, ast.Attribute) and func.attr in _GENERATORS and self.is_model(module, func.value):
                yield func.attr, self.program.piece(module, hit.node)

    def keras_2_arguments(self) -> Iterator[tuple[str, str, Piece]]:
        for module, hit in self.calls:
            call, dotted = hit.node, module.dotted(hit.node.func)
            way = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            refused: frozenset[str] = frozenset()
            if dotted.startswith(KERAS) and ".optimizers." in dotted and ".legacy." not in dotted:
                refused = frozenset({"lr"})
            elif dotted.startswith(KERAS) and dotted.endswith(".ModelCheckpoint"):
                refused = frozenset({"period"})
            elif way in _KERAS_2_WORDS and self.is_model(module, call.func.value):
                refused = _KERAS_2_WORDS[way]
            for word in call.keywords:
                if word.arg in refused:
                    yield dotted.rpartition(".")[2] or way, word.arg, self.program.piece(module, call)

    def is_model(self, module: Module, node: ast.expr) -> bool:
        """Whether a name is a Keras model: something by that name is compiled, or made by Keras."""
        return isinstance(node, ast.Name) and node.id in self.models

    @cached_property
    def models(self) -> frozenset[str]:
        return keras_models(self.program)

    # Paths

    def end_of(self, node: ast.expr | None, module: Module, hit: Occurrence, depth: int = 8) -> str | None:
        """How a path ends; None where that is not known."""
        if node is None or depth == 0:
            return None
        known = value(node, module)
        if isinstance(known, str):
            return known
        last = _last_part(node, module)
        if last is not None:
            return self.end_of(last, module, hit, depth - 1)
        if isinstance(node, ast.Attribute):
            return "model" if node.attr in _FOLDERS else None
        if _names_model_folder(node, module):
            return "model"
        if isinstance(node, ast.Name):
            given = module.assigned.get(node.id, [])
            if len(given) == 1 and given[0] is not None:
                return self.end_of(given[0], module, hit, depth - 1)
            passed = list(self.program.passed(module, hit, node))
            ends = {self.end_of(argument, caller, call, depth - 1) for caller, call, argument in passed}
            return ends.pop() if len(ends) == 1 else None
        return None

    def locations(self) -> Iterator[Location]:
        """Paths in S3, or below --model_dir, that are written to or read from."""
        for module, hit in self.calls:
            call, dotted = hit.node, module.dotted(hit.node.func)
            path, by_tensorflow = _path_of(call, dotted, module), dotted in _TENSORFLOW_WRITERS
            way = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if path is None and call.args and way in _SAVERS and self.is_model(module, call.func.value):
                end = self.end_of(call.args[0], module, hit) or ""
                by_tensorflow = way == "export" or end.endswith(".keras")
                path = call.args[0] if by_tensorflow or end.endswith((".h5", ".hdf5")) else None
            if path is None:
                continue
            start = self._start(path, module)
            if start:
                yield Location(start == "model_dir", by_tensorflow, dotted or way, self.program.piece(module, call))

    def _start(self, node: ast.expr, module: Module, depth: int = 8) -> str:
        """`model_dir`, `s3://`, or nothing: what a path certainly begins with."""
        if depth == 0:
            return ""
        known = value(node, module)
        if isinstance(known, str):
            return "s3://" if known.startswith("s3://") else ""
        first = _first_part(node, module)
        if first is not None:
            return self._start(first, module, depth - 1)
        if isinstance(node, ast.Attribute) and node.attr == "model_dir" and isinstance(node.value, ast.Name):
            return "model_dir" if node.value.id not in ("self", "cls") else ""
        if isinstance(node, ast.Name):
            given = module.assigned.get(node.id, [])
            if len(given) == 1 and given[0] is not None:
                return self._start(given[0], module, depth - 1)
        return ""

    # Distribution

    def strategy(self) -> tuple[str, Piece] | None:
        for module, hit in self.calls:
            dotted = module.dotted(hit.node.func)
            name = dotted.rpartition(".")[2]
            if name in _STRATEGIES and dotted.startswith("tensorflow."):
                return name, self.program.piece(module, hit.node)
        return None

    def horovod(self) -> Piece | None:
        for module, hit in self.calls:
            dotted = module.dotted(hit.node.func)
            if dotted.startswith("horovod.") and dotted.endswith(".init"):
                return self.program.piece(module, hit.node)
        return None


def _modules_of(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules, and what may be modules, that an import names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    source = node.module or ""
    return [source, *(f"{source}.{alias.name}" for alias in node.names if alias.name != "*")]


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _last_part(node: ast.expr, module: Module) -> ast.expr | None:
    """The piece that a path or text ends with."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
        return node.right
    if isinstance(node, ast.JoinedStr) and node.values:
        last = node.values[-1]
        return last.value if isinstance(last, ast.FormattedValue) else last
    if isinstance(node, ast.Call) and node.args and not isinstance(node.args[-1], ast.Starred):
        name = module.dotted(node.func)
        if name in ("os.path.join", "str", "pathlib.Path", "os.path.abspath", "os.path.expanduser"):
            return node.args[-1]
    return None


def _first_part(node: ast.expr, module: Module) -> ast.expr | None:
    """The piece that a path or text begins with."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
        return node.left
    if isinstance(node, ast.JoinedStr) and node.values:
        first = node.values[0]
        return first.value if isinstance(first, ast.FormattedValue) else first
    if isinstance(node, ast.Call) and node.args and module.dotted(node.func) in ("os.path.join", "str", "pathlib.Path"):
        return node.args[0]
    return None


def _names_model_folder(node: ast.expr, module: Module) -> bool:
    """`os.environ["SM_MODEL_DIR"]`, however it is asked for."""
    if isinstance(node, ast.Subscript) and module.dotted(node.value) == "os.environ":
        return bool(value(node.slice, module) == _MODEL_VARIABLE)
    if isinstance(node, ast.Call) and module.dotted(node.func) in ("os.environ.get", "os.getenv") and node.args:
        return bool(value(node.args[0], module) == _MODEL_VARIABLE)
    return False


def _path_of(call: ast.Call, dotted: str, module: Module) -> ast.expr | None:
    """The path that a known function is given."""
    if dotted == "open":
        words = {word.arg: word.value for word in call.keywords}
        mode = value(call.args[1] if len(call.args) > 1 else words.get("mode"), module)
        writes = isinstance(mode, str) and not set("wax").isdisjoint(mode)
        return call.args[0] if writes and call.args else None
    place = _PYTHON_WRITERS.get(dotted, _TENSORFLOW_WRITERS.get(dotted))
    if place is None or len(call.args) <= place:
        words = {word.arg: word.value for word in call.keywords}
        return words.get("filepath") or words.get("log_dir") if dotted in _TENSORFLOW_WRITERS else None
    return call.args[place]


__all__ = ["Libraries", "Location", "Saving", "libraries"]
