"""The entry point: it must be named, be there, and be run under the name that the container gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, GUIDE, SDK1, SDK2, TOOLKIT, WARNING, rule
from sagespec.checking.subject import Subject, Written, field
from sagespec.kinds.rules.code import lies_inside, lies_outside_project
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import LEGACY_FIELDS, Mode
from sagespec.kinds.training_job.rules.code.packing import OUTSIDE
from sagespec.kinds.training_job.shared.code import JobCode
from sagespec.kinds.training_job.subjects import CODE

_NEEDS_ENTRY_POINT = ("source_dir", "dependencies", "distribution", "compiler_config", "model_dir", *LEGACY_FIELDS)
"""Fields that only a container which is given an entry point knows about."""


@rule(ERROR, on=CODE, source=SDK2 + "estimator.py, Framework")
def missing_entry_point(code: JobCode, _: None) -> Finding | None:
    """AWS's TensorFlow images run a script of yours; the manifest names it.

    An image of your own may bring its program along.

    Bad:
        entry_point: null

    Good:
        entry_point: train.py
        ---
        entry_point: null
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3
    """
    if code.fields.entry_point is None and not code.container.brings_image:
        return Finding(
            ("entry_point",),
            "'entry_point' is missing",
            "add entry_point: train.py (the script, relative to source_dir or to the manifest's folder)",
        )
    return None


_OF_IMAGE = Subject[Written, JobContext](
    lambda context: field(*_NEEDS_ENTRY_POINT).of(context) if context.mode is Mode.IMAGE else (), _NEEDS_ENTRY_POINT
)
"""Each of these fields, of a job whose image runs its own program."""


@rule(ERROR, on=_OF_IMAGE, source=SDK2 + "estimator.py, Framework.hyperparameters")
def field_without_entry_point(written: Written, context: JobContext) -> Finding | None:
    """An image that brings its own program gets no code, and nothing that is said to the code.

    With `image_uri` and no `entry_point` the request holds the image and your hyperparameters as they are.

    Bad:
        entry_point: null
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3
        source_dir: s3://bucket/code.tar.gz

    Good:
        entry_point: train.py
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3
        source_dir: s3://bucket/code.tar.gz
    """
    if written.value not in (False, []):
        return Finding(
            written.path,
            f"{written.name} has no effect: without entry_point the image runs its own program",
            f"add entry_point, or leave {written.name} out",
            at_key=True,
        )
    return None


@rule(
    ERROR,
    on=CODE,
    source=SDK2 + "estimator.py, Framework",
    rows=(Row(("entry_point",), "the entry point is a file, not an address", form="^(?!.*://)"),),
)
def remote_entry_point(code: JobCode, _: None) -> Finding | None:
    """The entry point is a file of this machine, or a file inside an archive in S3.

    It cannot be an address itself.

    Bad:
        entry_point: s3://bucket/code/train.py

    Good:
        entry_point: train.py
        source_dir: s3://bucket/code.tar.gz
    """
    entry = code.fields.entry_point or ""
    if "://" in entry:
        name = entry.rpartition("/")[2] or "train.py"
        return Finding(
            ("entry_point",),
            f"the entry point cannot be an address: '{entry}'",
            f"write entry_point: {name}, and source_dir: a folder or s3://….tar.gz that holds it",
        )
    return None


@rule(
    ERROR,
    on=CODE,
    source=SDK2 + "fw_utils.py, validate_source_dir",
    rows=(
        Row(
            ("entry_point",),
            "the entry point does not lie in source_dir",
            when={"source_dir": GIVEN},
            value={"type": "string", "pattern": OUTSIDE},
        ),
    ),
)
def entry_point_outside_source_dir(code: JobCode, _: None) -> Finding | None:
    """The container finds the entry point inside the source folder, by a path relative to it.

    Bad:
        source_dir: .
        entry_point: ../train.py

    Good:
        source_dir: .
        entry_point: train.py
    """
    entry, source_dir = code.fields.entry_point, code.fields.source_dir
    if entry is not None and source_dir is not None and "://" not in entry and not lies_inside(entry):
        return Finding(
            ("entry_point",),
            f"'{entry}' does not lie in source_dir '{source_dir}'",
            "write a path relative to source_dir",
        )
    return None


@rule(ERROR, on=CODE, source=SDK2 + "fw_utils.py, validate_source_dir")
def entry_point_not_found(code: JobCode, _: None) -> Finding | None:
    """The training script must be there to be packed.

    It is relative to `source_dir`, and without one to the manifest's folder.

    Bad:
        entry_point: trian.py

    Good:
        entry_point: train.py
    """
    entry, source_dir, folder, files = code.fields.entry_point, code.fields.source_dir, code.source_folder, code.files
    if entry is None or "://" in entry or folder is None or not files.is_folder(folder):
        return None
    if source_dir is not None and not lies_inside(entry):
        return None
    if files.is_file(files.below(folder, entry)):
        return None
    if lies_outside_project(entry, code.folder, files):  # which is reported
        return None
    if is_command_line(entry) and code.container.holds is not None:  # so is what its shell makes of it
        return None
    where = f"in source_dir '{source_dir}'" if source_dir is not None else "in the manifest's folder"
    if files.is_folder(files.below(folder, entry)):
        message = f"'{entry}' {where} is a folder, not a file"
    else:
        message = f"there is no file '{entry}' {where}"
    return Finding(("entry_point",), message, _nearby(code, entry))


def is_command_line(entry: str) -> bool:
    """`python train.py --epochs 3` is not the name of a script."""
    return re.match(r"(?:python[0-9.]*|bash|sh|torchrun|mpirun|accelerate)\s+\S|\S+\.(?:py|sh)\s+\S", entry) is not None


def _nearby(code: JobCode, entry: str) -> str:
    """Where the file might be instead."""
    folder, name = code.source_folder, PurePosixPath(entry).name
    source = PurePosixPath(code.fields.source_dir or "")
    if folder is not None and PurePosixPath(entry).parts[: len(source.parts)] == source.parts != ():
        inner = PurePosixPath(*PurePosixPath(entry).parts[len(source.parts) :])
        if code.files.is_file(folder / inner):
            return f"write entry_point: {inner} (it is relative to source_dir)"
    if code.fields.source_dir is not None:
        return "entry_point is relative to source_dir"
    if code.files.is_file(code.folder / "code" / name):
        return f"add source_dir: code, and write entry_point: {name}"
    return "entry_point is relative to the manifest's folder, or to source_dir where there is one"


@rule(ERROR, on=CODE, source=TOOLKIT + " (process.py; _entry_point_type.py)")
def nested_entry_point_of_package(code: JobCode, _: None) -> Finding | None:
    """With a setup.py the container installs a package, and runs the entry point as a module by its name.

    A path with folders is not a module's name, so Python 3's `python -m` does not find it.

    Bad:
        source_dir: .
        entry_point: trainer/task.py
        dependencies: [setup.py]

    Good:
        source_dir: .
        entry_point: train.py
    """
    entry = code.fields.entry_point or ""
    if code.fields.source_dir is None or "/" not in entry or not entry.endswith(".py"):
        return None
    nested = len(PurePosixPath(entry).parts) > 1
    if nested and code.container.script_mode and code.container.python != "py2" and code.packs("setup.py"):
        return Finding(
            ("entry_point",),
            f"beside a setup.py the container runs 'python -m {entry.removesuffix('.py')}', which is not a module",
            "put a small script that imports the package at the root of source_dir, and name that",
        )
    return None


@rule(WARNING, on=CODE, source=SDK1 + "fw_utils.py, tar_and_upload_dir")
def folder_of_entry_point_dropped(code: JobCode, _: None) -> Finding | None:
    """In legacy mode an entry point inside an archive in S3 is sent by its last name alone.

    The container then looks for it at the archive's root.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
        source_dir: s3://bucket/code.tar.gz
        entry_point: trainer/task.py

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
        source_dir: s3://bucket/code.tar.gz
        entry_point: task.py
    """
    entry = code.fields.entry_point or ""
    if code.container.legacy and code.in_s3 and "/" in entry and lies_inside(entry):
        name = entry.rpartition("/")[2]
        return Finding(
            ("entry_point",),
            f"legacy mode would look for '{name}' at the archive's root, not for '{entry}'",
            f"put {name} at the root of the archive, and write entry_point: {name}",
        )
    return None


_IN_CHANNEL = r"/opt/ml/input/data/(?P<channel>[A-Za-z0-9._-]+)/"


@rule(ERROR, on=field("container_entry_point"), source=GUIDE + "your-algorithms-training-algo-dockerfile.html")
def program_in_streamed_channel(program: Written, context: JobContext) -> Iterator[Finding]:
    """A program that comes with a channel must be on every instance's files before it starts.

    So the channel must be in File mode, and replicated to all instances.

    Bad:
        container_entry_point: [/bin/bash, /opt/ml/input/data/program/run.sh]
        channels:
          program: {s3_data: s3://bucket/program, input_mode: FastFile}

    Good:
        container_entry_point: [/bin/bash, /opt/ml/input/data/program/run.sh]
        channels:
          program: {s3_data: s3://bucket/program}
    """
    job = context.job
    named = {found["channel"] for word in program.value if (found := re.match(_IN_CHANNEL, word))}
    for name in named & job.channels.keys():
        channel = job.channels[name]
        mode = job.input_mode_of(channel)
        sharded = channel.distribution == "ShardedByS3Key" and job.instances() > 1
        if mode != "File" or sharded:
            how = "is shared out among the instances" if sharded else f"is in {mode} mode"
            cure = "distribution: FullyReplicated" if sharded else "input_mode: File"
            yield Finding(
                ("channels", name), f"container_entry_point needs the channel '{name}', which {how}", f"write {cure}"
            )
