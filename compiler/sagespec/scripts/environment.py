"""What a program reads from the container and writes to it: channels, pipes, variables, folders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from sagespec.base.named import NamedTuple
from sagespec.scripts.keras_models import fits, keras_models
from sagespec.scripts.known import TOOLKITS
from sagespec.scripts.path_variables import PathVariable, wanted
from sagespec.scripts.syntax import Piece
from sagespec.scripts.syntax.program import Program
from sagespec.scripts.syntax.walking import Module, Occurrence
from sagespec.scripts.values import value

CHANNEL = "SM_CHANNEL_"
DATA = "/opt/ml/input/data/"
_CHANNEL_NAMES = re.compile(r"SM_CHANNEL_([A-Za-z0-9._-]+)")
_FOLDERS = re.compile(r"opt/ml/input/data/([A-Za-z0-9._-]+)")
_ANY_CHANNEL = re.compile(
    r"SM_CHANNEL_(?![A-Za-z0-9._-])|SM_CHANNELS|SM_TRAINING_ENV|SM_INPUT_|inputdataconfig|input/config"
    r"|^/?opt/?$|^/?ml/?$|opt/ml/?$|opt/ml/input/?$|input/data/?(?![A-Za-z0-9._/-])"
)
_ANY_HYPERPARAMETER = ("SM_HP", "SM_TRAINING_ENV", "SM_USER_ARGS", "hyperparameters.json", "input/config")
_PIPE_WORD = re.compile(r"pipe|fifo|mlio", re.IGNORECASE)
_PIPE_TEXT = re.compile(r"_(?:\d+|%[ds]|\{[^{}]*\})$|^_$|pipe|fifo", re.IGNORECASE)
_UPLOADERS = frozenset(
    ("boto3", "botocore", "fsspec", "huggingface_hub", "mlflow", "s3fs", "s3transfer", "smart_open", "wandb")
)
"""Packages that may take a model away by themselves."""
_SHARED_WORK = re.compile(
    r"SM_HOSTS|SM_CURRENT_HOST|SM_RESOURCE_CONFIG|SM_TRAINING_ENV|SM_INSTANCE_GROUP|SM_CURRENT_INSTANCE|TF_CONFIG"
    r"|resourceconfig|SM_HPS|algo-|input/config"
)
_SHARED_NAMES = re.compile(
    r"horovod|hvd|distribut|strategy|cluster|^ray$|mpi4py|train_and_evaluate|socket", re.IGNORECASE
)
_TRAINS = frozenset({"fit_generator", "train_on_batch", "train_and_evaluate"})
_TRAINING_CALLS = frozenset({"xgboost.train", "lightgbm.train"})
_TRAINERS = re.compile(r"Trainer$")
"""Classes of transformers and what is built on it, whose `train` trains."""
_SAVERS = frozenset({"torch.save", "joblib.dump", "sklearn.externals.joblib.dump", "pickle.dump", "dill.dump"})
_SAVING = frozenset({"save_pretrained", "save_model", "save_params", "save_parameters"})
_READS = ("os.environ.get", "os.getenv", "os.environ.setdefault", "os.environ.pop", "os.environ.has_key")
_WRITES_ONLY = ("os.environ.update", "os.environ.setdefault", "os.putenv")
_MODEL_NAMES = re.compile(r"model_?dir|job_?dir|artifacts?_?(dir|path)", re.IGNORECASE)
_MODEL_TEXT = re.compile(
    r"SM_MODEL_DIR|SM_OUTPUT|SM_TRAINING_ENV|opt/ml(/?$|/model|/output)|^/?opt/?$|^/?ml/?$|model[-_]dir|job[-_]dir|s3a?://"
)


class Pipe(NamedTuple):
    """One `PipeModeDataset`."""

    channel: str | None
    """None where it is not known before it runs."""
    certain: bool
    piece: Piece
    record_format: str = ""
    """As it is written; nothing where it is not known."""


class Environment(NamedTuple):
    """What a program asks its container for."""

    needed: Mapping[str, Piece]
    """Variables without which the program stops (`os.environ["X"]`), where every run comes by."""
    wanted: tuple[PathVariable, ...]
    """Variables that are asked for without a default, and then certainly taken for a path."""
    channels: Mapping[str, Piece]
    """Channels in capitals, as `SM_CHANNEL_X` names them, wherever and however that is."""
    folders: Mapping[str, Piece]
    """Channels that are named by their folder, `/opt/ml/input/data/x`."""
    reads_any_channel: bool
    """Channels may be read that are nowhere named."""
    reads_any_hyperparameter: bool
    """… or hyperparameters, past the command line."""
    pipes: tuple[Pipe, ...]
    mentions_pipes: bool
    trains: Piece | None
    """A call that certainly trains."""
    saves: Piece | None
    """A call that certainly saves a model somewhere, in the way of other frameworks than TensorFlow."""
    joins: Piece | None
    """A call that certainly joins PyTorch's processes by what the variables RANK and WORLD_SIZE say."""
    pushes: bool
    """A model may be sent to the Hugging Face Hub."""
    names_model_dir: bool
    """The model's folder is named, or the model may be written to where nobody here can see it."""
    uses_model_dir: bool
    """Something is called `model_dir`: very likely what came with --model_dir."""
    uses_s3: bool
    """Something is in S3, or goes there by itself."""
    shares_work: bool
    """Something distinguishes the instances."""
    texts: frozenset[str]
    """Every text in the program that is not a docstring."""


def environment(program: Program) -> Environment:
    """What a program asks its container for."""
    reader = _EnvironmentReader(program)
    texts = frozenset(hit.node.value for _, hit in reader.texts)
    toolkit = any(name.partition(".")[0] in TOOLKITS for name in program.imported)
    return Environment(
        needed=dict(reader.needed()),
        wanted=tuple(each for each in wanted(program, reader.environ_call) if each.variable not in reader.set_here()),
        channels=dict(reader.channels()),
        folders=dict(reader.folders()),
        reads_any_channel=toolkit
        or reader.environ_at_large
        or reader.goes_up()
        or any(_ANY_CHANNEL.search(hit.node.value) for _, hit in reader.texts if id(hit.node) not in reader.followed),
        reads_any_hyperparameter=toolkit
        or reader.environ_at_large
        or any(word in text for text in texts for word in _ANY_HYPERPARAMETER),
        pipes=tuple(reader.pipes()),
        mentions_pipes=any(map(_PIPE_WORD.search, program.names)) or any(map(_PIPE_TEXT.search, texts)),
        trains=reader.trains(),
        saves=reader.saves(),
        joins=reader.joins(),
        pushes="push_to_hub" in program.names
        or any(word.arg == "push_to_hub" for _, hit in program.occurrences("calls") for word in hit.node.keywords),
        names_model_dir=toolkit
        or reader.environ_at_large
        or not _UPLOADERS.isdisjoint(name.partition(".")[0] for name in program.imported)
        or any(map(_MODEL_NAMES.search, program.names))
        or any(map(_MODEL_TEXT.search, texts)),
        uses_model_dir="model_dir" in program.names,
        uses_s3=not _UPLOADERS.isdisjoint(name.partition(".")[0] for name in program.imported)
        or any("s3://" in text for text in texts),
        shares_work=toolkit
        or reader.environ_at_large
        or any(map(_SHARED_WORK.search, texts))
        or any(map(_SHARED_NAMES.search, program.names | program.imported)),
        texts=texts,
    )


class _EnvironmentReader:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.texts = list(program.occurrences("texts"))
        self.written = set[str]()
        self.optional = set[str]()
        self.followed = set[int]()
        """Pieces of names of which it is known what they are put together to."""
        self.lookups: list[tuple[Module, Occurrence, str]] = []
        self.environ_at_large = False
        self._look()

    def _look(self) -> None:
        """Sorts every use of os.environ: a name that is looked up, or anything else."""
        explained = set[int]()
        for module, hit in self.program.occurrences("lookups"):
            if self.is_environ(module, hit.node.value):
                explained.add(id(hit.node.value))
                self._look_up(module, hit)
        for module, hit in self.program.occurrences("tests"):
            for side in hit.node.comparators:
                keys = isinstance(side, ast.Call) and isinstance(side.func, ast.Attribute) and side.func.attr == "keys"
                asked = side.func.value if keys else side
                if self.is_environ(module, asked):
                    explained.update((id(asked), id(getattr(side, "func", None))))
                    name = value(hit.node.left, module)
                    if isinstance(name, str):
                        self.optional.add(name)
        for module, hit in self.program.occurrences("calls"):
            dotted = self.environ_call(module, hit.node.func)
            if dotted in _READS or dotted in _WRITES_ONLY:
                explained.add(id(hit.node.func))
                name = value(hit.node.args[0], module) if hit.node.args else None
                if isinstance(name, str):
                    self.optional.add(name)
                elif dotted in _READS:
                    self.environ_at_large = True
        for module, hit in self.program.occurrences("uses"):
            name = module.dotted(hit.node)
            whole = name == "os.environ" or name.startswith("os.environ.")
            if whole and id(hit.node) not in explained and not self._is_alias(module, hit.node):
                self.environ_at_large = True

    def _look_up(self, module: Module, hit: Occurrence) -> None:
        name = value(hit.node.slice, module)
        reads = isinstance(hit.node.ctx, ast.Load)
        if isinstance(name, str) and reads:
            self.lookups.append((module, hit, name))
        elif isinstance(name, str):
            self.written.add(name)
        elif reads:
            passed = list(self._passed(module, hit))
            self.lookups += passed
            self.environ_at_large = self.environ_at_large or not passed

    def _passed(self, module: Module, hit: Occurrence) -> Iterator[tuple[Module, Occurrence, str]]:
        """`environ["SM_CHANNEL_" + name]`, where every call passes a constant for `name`: the calls, as look-ups."""
        free = [node for node in ast.walk(hit.node.slice) if isinstance(node, ast.Name) and node.id not in module.top]
        if len(free) != 1:
            return
        calls = list(self.program.passed(module, hit, free[0]))
        texts = [value(argument, caller) for caller, _, argument in calls]
        names = [value(hit.node.slice, module, given={free[0].id: text}) for text in texts]
        if all(isinstance(name, str) for name in (*texts, *names)):
            self.followed.update(id(node) for node in ast.walk(hit.node.slice))
            for (caller, call, _), name in zip(calls, names, strict=True):
                yield caller, Occurrence(call.node, call.owner, call.always and hit.always), name

    def is_environ(self, module: Module, node: ast.AST) -> bool:
        if module.dotted(node) == "os.environ":
            return True
        given = module.assigned.get(node.id, []) if isinstance(node, ast.Name) else []
        return len(given) == 1 and given[0] is not None and module.dotted(given[0]) == "os.environ"

    def environ_call(self, module: Module, func: ast.expr) -> str:
        if isinstance(func, ast.Attribute) and self.is_environ(module, func.value):
            return f"os.environ.{func.attr}"
        return module.dotted(func)

    def _is_alias(self, module: Module, node: ast.AST) -> bool:
        return any(given is node for values in module.assigned.values() if len(values) == 1 for given in values)

    def set_here(self) -> frozenset[str]:
        """Variables that the program may set by itself."""
        return frozenset(self.written)

    def needed(self) -> Iterator[tuple[str, Piece]]:
        for module, hit, name in self.lookups:
            if name not in self.written | self.optional and self.program.certain(module, hit):
                yield name, self.program.piece(module, hit.node)

    def channels(self) -> Iterator[tuple[str, Piece]]:
        for module, hit in self.texts:
            for name in _CHANNEL_NAMES.findall(hit.node.value):
                yield name.upper(), self.program.piece(module, hit.node)
        for module, hit, name in self.lookups:
            if name.startswith(CHANNEL):
                yield name.removeprefix(CHANNEL).upper(), self.program.piece(module, hit.node)

    def folders(self) -> Iterator[tuple[str, Piece]]:
        for module, hit in self.texts:
            for name in _FOLDERS.findall(hit.node.value):
                yield name, self.program.piece(module, hit.node)

    def pipes(self) -> Iterator[Pipe]:
        program = self.program
        for module, hit in program.occurrences("calls"):
            if module.dotted(hit.node.func).rpartition(".")[2] != "PipeModeDataset":
                continue
            words = {keyword.arg: keyword.value for keyword in hit.node.keywords}
            given = words.get("channel", hit.node.args[0] if hit.node.args else None)
            certain, piece = program.certain(module, hit, legacy=True), program.piece(module, hit.node)
            channel = value(given, module)
            form = value(words.get("record_format", hit.node.args[1] if len(hit.node.args) > 1 else None), module)
            form = form if isinstance(form, str) else ""
            passed = list(program.passed(module, hit, given)) if isinstance(given, ast.Name) else []
            if isinstance(channel, str) or not passed:
                yield Pipe(channel if isinstance(channel, str) else None, certain, piece, form)
            for caller, call, argument in passed:
                channel = value(argument, caller)
                sure = hit.always and program.certain(caller, call, legacy=True)
                yield Pipe(channel if isinstance(channel, str) else None, sure, program.piece(caller, call.node), form)

    def goes_up(self) -> bool:
        """Whether one channel's folder may lead to the others: `Path(…).parent`, `..`, `dirname(…)`."""
        if not {"parent", "parents", "pardir"}.isdisjoint(self.program.names):
            return True
        if any(text == ".." or "../" in text for text in (hit.node.value for _, hit in self.texts)):
            return True
        return any(
            module.dotted(hit.node.func).rpartition(".")[2] == "dirname"
            and not any(isinstance(part, ast.Name) and part.id == "__file__" for part in ast.walk(hit.node))
            for module, hit in self.program.occurrences("calls")
        )

    def trains(self) -> Piece | None:
        models = keras_models(self.program)
        for module, hit in self.program.occurrences("calls"):
            if not isinstance(hit.node.func, ast.Attribute) or not self.program.certain(module, hit):
                continue
            word = hit.node.func.attr
            trainer = word == "train" and any(map(_TRAINERS.search, self.program.names))
            known = word in _TRAINS or module.dotted(hit.node.func) in _TRAINING_CALLS or trainer
            if known or fits(hit.node, models):
                return self.program.piece(module, hit.node)
        return None

    def saves(self) -> Piece | None:
        for module, hit in self.program.occurrences("calls"):
            attribute = hit.node.func.attr if isinstance(hit.node.func, ast.Attribute) else ""
            if (attribute in _SAVING or module.dotted(hit.node.func) in _SAVERS) and self.program.certain(module, hit):
                return self.program.piece(module, hit.node)
        return None

    def joins(self) -> Piece | None:
        """`init_process_group("nccl")` with no other argument, in a program that sets no variables for it."""
        if any(text in ("RANK", "WORLD_SIZE") for text in (hit.node.value for _, hit in self.texts)):
            return None
        for module, hit in self.program.occurrences("calls"):
            words = {keyword.arg for keyword in hit.node.keywords}
            if (
                module.dotted(hit.node.func) == "torch.distributed.init_process_group"
                and len(hit.node.args) < 2
                and words <= {"backend", "timeout"}
                and self.program.certain(module, hit)
            ):
                return self.program.piece(module, hit.node)
        return None
