"""The training code: what is named must be there, and must reach the container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import EXPRESSION, GIVEN, ITEMS
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, GUIDE, SDK1, SDK2, TOOLKIT, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds import corrections
from sagespec.kinds.rules.code import lies_inside
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import LEGACY_FIELDS, Job, Mode
from sagespec.kinds.training_job.subjects import JOB, LEGACY_JOB, SCRIPT_JOB

_NEEDS_ENTRY_POINT = ("source_dir", "dependencies", "distribution", "compiler_config", "model_dir", *LEGACY_FIELDS)
"""Fields that only a container which is given an entry point knows about."""

OUTSIDE = rf"^(/|(\./)*\.\.(/|$))(?!.*{EXPRESSION})"
"""A path that certainly leaves the folder that it is relative to."""
_IN_CHANNEL = r"/opt/ml/input/data/(?P<channel>[A-Za-z0-9._-]+)/"


@rule(ERROR, on=JOB, source=SDK2 + "estimator.py, Framework")
def missing_entry_point(job: Job, context: JobContext) -> Finding | None:
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
    if job.entry_point is None and job.image_uri is None:
        return Finding(
            ("entry_point",),
            "'entry_point' is missing",
            "add entry_point: train.py (the script, relative to source_dir or to the manifest's folder)",
        )
    return None


@rule(ERROR, on=field(*_NEEDS_ENTRY_POINT), source=SDK2 + "estimator.py, Framework.hyperparameters")
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
    if context.mode is Mode.IMAGE and written.value not in (False, []):
        return Finding(
            written.path,
            f"{written.name} has no effect: without entry_point the image runs its own program",
            f"add entry_point, or leave {written.name} out",
            at_key=True,
        )
    return None


@rule(
    ERROR,
    on=field("entry_point"),
    source=SDK2 + "estimator.py, Framework",
    rows=(Row(("entry_point",), "the entry point is a file, not an address", form="^(?!.*://)"),),
)
def remote_entry_point(entry: Written, context: JobContext) -> Finding | None:
    """The entry point is a file of this machine, or a file inside an archive in S3.

    It cannot be an address itself.

    Bad:
        entry_point: s3://bucket/code/train.py

    Good:
        entry_point: train.py
        source_dir: s3://bucket/code.tar.gz
    """
    if "://" in entry.value:
        name = entry.value.rpartition("/")[2] or "train.py"
        return Finding(
            entry.path,
            f"the entry point cannot be an address: '{entry.value}'",
            f"write entry_point: {name}, and source_dir: a folder or s3://….tar.gz that holds it",
        )
    return None


@rule(
    ERROR,
    on=field("entry_point"),
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
def entry_point_outside_source_dir(entry: Written, context: JobContext) -> Finding | None:
    """The container finds the entry point inside the source folder, by a path relative to it.

    Bad:
        source_dir: .
        entry_point: ../train.py

    Good:
        source_dir: .
        entry_point: train.py
    """
    source_dir = context.job.source_dir
    if source_dir is not None and "://" not in entry.value and not lies_inside(entry.value):
        return Finding(
            entry.path,
            f"'{entry.value}' does not lie in source_dir '{source_dir}'",
            "write a path relative to source_dir",
        )
    return None


@rule(ERROR, on=field("entry_point"), source=SDK2 + "fw_utils.py, validate_source_dir")
def entry_point_not_found(written: Written, context: JobContext) -> Finding | None:
    """The training script must be there to be packed.

    It is relative to `source_dir`, and without one to the manifest's folder.

    Bad:
        entry_point: trian.py

    Good:
        entry_point: train.py
    """
    entry, source_dir, folder, files = written.value, context.job.source_dir, context.source_folder, context.files
    if "://" in entry or folder is None or not files.is_folder(folder):
        return None
    if source_dir is not None and not lies_inside(entry):
        return None
    if files.is_file(files.below(folder, entry)):
        return None
    where = f"in source_dir '{source_dir}'" if source_dir is not None else "in the manifest's folder"
    if files.is_folder(files.below(folder, entry)):
        message = f"'{entry}' {where} is a folder, not a file"
    else:
        message = f"there is no file '{entry}' {where}"
    return Finding(written.path, message, _nearby(context, entry))


def _nearby(context: JobContext, entry: str) -> str:
    """Where the file might be instead."""
    folder, name = context.source_folder, PurePosixPath(entry).name
    source = PurePosixPath(context.job.source_dir or "")
    if folder is not None and PurePosixPath(entry).parts[: len(source.parts)] == source.parts != ():
        inner = PurePosixPath(*PurePosixPath(entry).parts[len(source.parts) :])
        if context.files.is_file(folder / inner):
            return f"write entry_point: {inner} (it is relative to source_dir)"
    if context.job.source_dir is not None:
        return "entry_point is relative to source_dir"
    if context.files.is_file(context.folder / "code" / name):
        return f"add source_dir: code, and write entry_point: {name}"
    return "entry_point is relative to the manifest's folder, or to source_dir where there is one"


@rule(
    ERROR,
    on=field("source_dir"),
    source=SDK2 + "fw_utils.py, tar_and_upload_dir",
    rows=(
        Row(
            ("source_dir",),
            "code that is not beside the manifest is an archive in S3: s3://….tar.gz",
            form=r"^(?!.*://)|^s3://.*\.(tar\.gz|tgz)$",
        ),
    ),
)
def source_dir_not_an_archive(source: Written, context: JobContext) -> Finding | None:
    """Code that is somewhere else already must be a gzipped tar archive in S3.

    The container downloads that one object and unpacks it.

    Bad:
        source_dir: s3://bucket/code/

    Good:
        source_dir: s3://bucket/code/sourcedir.tar.gz
        ---
        source_dir: .
    """
    uri = source.value
    if "://" not in uri or (uri.startswith("s3://") and uri.endswith((".tar.gz", ".tgz"))):
        return None
    what = "not a .tar.gz archive" if uri.startswith("s3://") else "not in S3"
    return Finding(source.path, f"'{uri}' is {what}", "name a folder beside the manifest, or s3://bucket/….tar.gz")


@rule(ERROR, on=field("source_dir"), source=SDK2 + "fw_utils.py, validate_source_dir")
def source_dir_not_found(source: Written, context: JobContext) -> Finding | None:
    """The source folder must be there to be packed.

    Bad:
        source_dir: cdoe

    Good:
        source_dir: .
    """
    folder = context.source_folder
    if folder is None or context.files.is_folder(folder):
        return None
    there = context.files.exists(folder)
    message = f"'{source.value}' is a file, not a folder" if there else f"there is no folder '{source.value}'"
    meant = corrections.s3_uri(source.value)
    hint = f"write {meant}" if meant else "source_dir is relative to the manifest's folder"
    return Finding(source.path, message, hint)


@rule(ERROR, on=field("dependencies"), source=SDK2 + "utils.py, create_tar_file")
def dependency_not_found(dependencies: Written, context: JobContext) -> Iterator[Finding]:
    """What is to be packed beside the entry point must be there, on this machine.

    Bad:
        dependencies: [lib/common]

    Good:
        dependencies: []
    """
    if _in_s3(context):
        return
    for number, path in enumerate(dependencies.value):
        if "://" in path or not context.files.exists(context.files.below(context.folder, path)):
            hint = (
                "copy it here first: only files of this machine are packed"
                if "://" in path
                else "dependencies are relative to the manifest's folder"
            )
            yield Finding((*dependencies.path, number), f"there is no file or folder '{path}'", hint)


@rule(ERROR, on=field("dependencies"), source=SDK2 + "utils.py, create_tar_file")
def duplicate_dependency_name(dependencies: Written, context: JobContext) -> Iterator[Finding]:
    """Dependencies stand side by side in the archive under their own names, so the names must differ.

    Bad:
        dependencies: [team/common, shared/common]

    Good:
        dependencies: []
    """
    if _in_s3(context):
        return
    job = context.job
    seen: dict[str, str] = {}
    if job.source_dir is None and job.entry_point is not None:
        seen[PurePosixPath(job.entry_point).name] = job.entry_point
    for number, path in enumerate(dependencies.value):
        first = seen.setdefault(PurePosixPath(path).name, path)
        if PurePosixPath(first) != PurePosixPath(path):
            yield Finding(
                (*dependencies.path, number),
                f"'{path}' and '{first}' have the same name, and would overwrite each other in the archive",
                "rename one of them, or name a folder that holds both",
            )


dependencies_with_archive = refusal(
    "dependencies-with-archive",
    ERROR,
    Row(
        ("dependencies",),
        "dependencies would be left out: the archive in source_dir is used as it is",
        "pack them into the archive, or write source_dir: a folder",
        value=ITEMS,
        when={"source_dir": {"type": "string", "pattern": "^s3://"}},
    ),
    source=SDK2 + "fw_utils.py, tar_and_upload_dir",
    page="""
    An archive that lies in S3 already is used as it is: nothing is packed into it.

    The SDK drops the dependencies silently.

    Bad:
        source_dir: s3://bucket/code/sourcedir.tar.gz
        dependencies: [common]

    Good:
        source_dir: s3://bucket/code/sourcedir.tar.gz
    """,
)


@rule(ERROR, on=SCRIPT_JOB, source=TOOLKIT + " (entry_point.py, install; run with 5.1.0)")
def setup_file_without_setup(job: Job, context: JobContext) -> Finding | None:
    """The container installs the source folder with pip where a setup.py lies at its root, whatever that is.

    A file of that name that calls no setup() makes pip fail, and the job with it.

    Bad:
        dependencies: [setup.py]

    Bad script:
        import os
        print("setup.py lies beside this, and calls nothing", os.environ["SM_HPS"], os.environ["SM_MODEL_DIR"])

    Good:
        framework_version: "2.21"
    """
    folder = context.source_folder if job.source_dir is not None else None
    paths = [] if folder is None else [folder / "setup.py"]
    if not _in_s3(context):
        paths += [context.folder / path for path in job.dependencies if PurePosixPath(path).name == "setup.py"]
    for path in paths:
        if not context.files.is_file(path) or _packs(context, "pyproject.toml"):
            continue
        if re.search(rb"\bsetup\s*\(", context.files.read(path, _MAX_SETUP)) is None:
            return Finding(
                ("source_dir",) if job.source_dir is not None else ("dependencies",),
                "the container installs this as a package, because of its setup.py, which calls no setup()",
                "give setup.py another name, or let it call setuptools.setup()",
            )
    return None


_MAX_SETUP = 1_000_000
"""Bytes of a setup.py that are looked at."""


@rule(WARNING, on=SCRIPT_JOB, source=TOOLKIT + " (entry_point.py, install)")
def requirements_of_shell_script(job: Job, context: JobContext) -> Finding | None:
    """The container installs requirements.txt for a Python entry point only.

    A shell script must call pip itself.

    Bad:
        entry_point: train.sh
        dependencies: [requirements.txt]

    Good:
        entry_point: train.py
    """
    entry = job.entry_point or ""
    if entry.endswith(".sh") and _packs(context, "requirements.txt"):
        return Finding(
            ("entry_point",),
            f"requirements.txt is not installed for a shell script ('{entry}')",
            "call pip install -r requirements.txt in it, or name a .py file",
        )
    return None


@rule(
    WARNING,
    on=SCRIPT_JOB,
    source="https://github.com/aws/sagemaker-containers/blob/v2.8.6/src/sagemaker_containers/_modules.py",
)
def requirements_without_setup(job: Job, context: JobContext) -> Finding | None:
    """The oldest containers of script mode install requirements.txt only beside a setup.py.

    Bad:
        framework_version: "1.12"
        py_version: py3
        dependencies: [requirements.txt]

    Good:
        framework_version: "1.15"
        py_version: py3
    """
    release = context.release if job.image_uri is None else None
    if release is None or release.requirements_installed:
        return None
    if _packs(context, "requirements.txt") and not _packs(context, "setup.py"):
        return Finding(
            ("framework_version",),
            f"the container of {release.name} does not install requirements.txt without a setup.py",
            "add a setup.py (its install_requires will do), or take a newer version",
        )
    return None


@rule(ERROR, on=field("source_dir"), source=TOOLKIT + " (process.py; _entry_point_type.py)")
def nested_entry_point_of_package(source: Written, context: JobContext) -> Finding | None:
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
    entry = context.job.entry_point or ""
    nested = "/" in entry and entry.endswith(".py") and len(PurePosixPath(entry).parts) > 1
    if nested and context.script_mode and context.python != "py2" and _packs(context, "setup.py"):
        return Finding(
            ("entry_point",),
            f"beside a setup.py the container runs 'python -m {entry.removesuffix('.py')}', which is not a module",
            "put a small script that imports the package at the root of source_dir, and name that",
        )
    return None


@rule(WARNING, on=LEGACY_JOB, source=SDK1 + "fw_utils.py, tar_and_upload_dir")
def folder_of_entry_point_dropped(job: Job, context: JobContext) -> Finding | None:
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
    entry = job.entry_point or ""
    if _in_s3(context) and "/" in entry and lies_inside(entry):
        name = entry.rpartition("/")[2]
        return Finding(
            ("entry_point",),
            f"legacy mode would look for '{name}' at the archive's root, not for '{entry}'",
            f"put {name} at the root of the archive, and write entry_point: {name}",
        )
    return None


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


def _in_s3(context: JobContext) -> bool:
    return (context.job.source_dir or "").startswith("s3://")


def _packs(context: JobContext, name: str) -> bool:
    """Whether a file of that name stands at the root of the archive, as far as the manifest and its folder tell."""
    job, files = context.job, context.files
    folder = context.source_folder if job.source_dir is not None else None
    dependencies = () if _in_s3(context) else job.dependencies
    return (folder is not None and files.is_file(files.below(folder, name))) or name in {
        PurePosixPath(path).name for path in dependencies
    }
