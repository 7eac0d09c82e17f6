"""The training code: what is named must be there, and must reach the container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import ERROR, GUIDE, SDK1, SDK2, TOOLKIT, WARNING
from sagespec.kinds.training_job.model import LEGACY_FIELDS, Mode
from sagespec.kinds.training_job.rules.adapter import LEGACY, Case, rule

_NEEDS_ENTRY_POINT = ("source_dir", "dependencies", "distribution", "compiler_config", "model_dir", *LEGACY_FIELDS)
"""Fields that only a container which is given an entry point knows about."""

_IN_CHANNEL = r"/opt/ml/input/data/(?P<channel>[A-Za-z0-9._-]+)/"


@rule(ERROR, source=SDK2 + "estimator.py, Framework")
def missing_entry_point(case: Case) -> Iterator[Finding]:
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
    if case.job.entry_point is None and case.job.image_uri is None:
        yield Finding(
            ("entry_point",),
            "'entry_point' is missing",
            "add entry_point: train.py (the script, relative to source_dir or to the manifest's folder)",
        )


@rule(ERROR, source=SDK2 + "estimator.py, Framework.hyperparameters", given="image_uri")
def field_without_entry_point(case: Case) -> Iterator[Finding]:
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
    if case.mode is not Mode.IMAGE:
        return
    for name in case.job.given(*_NEEDS_ENTRY_POINT):
        if getattr(case.job, name) not in (False, []):
            yield Finding(
                (name,),
                f"{name} has no effect: without entry_point the image runs its own program",
                f"add entry_point, or leave {name} out",
                at_key=True,
            )


@rule(ERROR, source=SDK2 + "estimator.py, Framework")
def remote_entry_point(case: Case) -> Iterator[Finding]:
    """The entry point is a file of this machine, or a file inside an archive in S3.

    It cannot be an address itself.

    Bad:
        entry_point: s3://bucket/code/train.py

    Good:
        entry_point: train.py
        source_dir: s3://bucket/code.tar.gz
    """
    entry = case.job.entry_point
    if entry is not None and "://" in entry:
        name = entry.rpartition("/")[2] or "train.py"
        yield Finding(
            ("entry_point",),
            f"the entry point cannot be an address: '{entry}'",
            f"write entry_point: {name}, and source_dir: a folder or s3://….tar.gz that holds it",
        )


@rule(ERROR, source=SDK2 + "fw_utils.py, validate_source_dir", given="source_dir")
def entry_point_outside_source_dir(case: Case) -> Iterator[Finding]:
    """The container finds the entry point inside the source folder, by a path relative to it.

    Bad:
        source_dir: .
        entry_point: ../train.py

    Good:
        source_dir: .
        entry_point: train.py
    """
    job = case.job
    if job.entry_point is None or job.source_dir is None or "://" in job.entry_point:
        return
    if not lies_inside(job.entry_point):
        yield Finding(
            ("entry_point",),
            f"'{job.entry_point}' does not lie in source_dir '{job.source_dir}'",
            "write a path relative to source_dir",
        )


@rule(ERROR, source=SDK2 + "fw_utils.py, validate_source_dir")
def entry_point_not_found(case: Case) -> Iterator[Finding]:
    """The training script must be there to be packed.

    It is relative to `source_dir`, and without one to the manifest's folder.

    Bad:
        entry_point: trian.py

    Good:
        entry_point: train.py
    """
    job, folder = case.job, case.source_folder
    entry = job.entry_point
    if entry is None or "://" in entry or folder is None or not case.disk.is_folder(folder):
        return
    if job.source_dir is not None and not lies_inside(entry):
        return
    if case.disk.is_file(case.disk.below(folder, entry)):
        return
    where = f"in source_dir '{job.source_dir}'" if job.source_dir is not None else "in the manifest's folder"
    what = "is a folder, not a file," if case.disk.is_folder(case.disk.below(folder, entry)) else "is no file"
    yield Finding(("entry_point",), f"'{entry}' {what} {where}", _nearby(case, entry))


def _nearby(case: Case, entry: str) -> str:
    """Where the file might be instead."""
    folder, name = case.source_folder, PurePosixPath(entry).name
    source = PurePosixPath(case.job.source_dir or "")
    if folder is not None and PurePosixPath(entry).parts[: len(source.parts)] == source.parts != ():
        inner = PurePosixPath(*PurePosixPath(entry).parts[len(source.parts) :])
        if case.disk.is_file(folder / inner):
            return f"write entry_point: {inner} (it is relative to source_dir)"
    if case.job.source_dir is not None:
        return "entry_point is relative to source_dir"
    if case.disk.is_file(case.folder / "code" / name):
        return f"add source_dir: code, and write entry_point: {name}"
    return "entry_point is relative to the manifest's folder, or to source_dir where there is one"


@rule(ERROR, source=SDK2 + "fw_utils.py, tar_and_upload_dir", given="source_dir")
def source_dir_not_an_archive(case: Case) -> Iterator[Finding]:
    """Code that is somewhere else already must be a gzipped tar archive in S3.

    The container downloads that one object and unpacks it.

    Bad:
        source_dir: s3://bucket/code/

    Good:
        source_dir: s3://bucket/code/sourcedir.tar.gz
        ---
        source_dir: .
    """
    source = case.job.source_dir
    if source is None or "://" not in source or (source.startswith("s3://") and source.endswith((".tar.gz", ".tgz"))):
        return
    what = "no .tar.gz archive" if source.startswith("s3://") else "not in S3"
    yield Finding(
        ("source_dir",), f"'{source}' is {what}", "name a folder beside the manifest, or s3://bucket/….tar.gz"
    )


@rule(ERROR, source=SDK2 + "fw_utils.py, validate_source_dir", given="source_dir")
def source_dir_not_found(case: Case) -> Iterator[Finding]:
    """The source folder must be there to be packed.

    Bad:
        source_dir: cdoe

    Good:
        source_dir: .
    """
    folder = case.source_folder
    if case.job.source_dir is None or folder is None or case.disk.is_folder(folder):
        return
    what = "a file, not a folder" if case.disk.exists(folder) else "no folder"
    yield Finding(
        ("source_dir",), f"'{case.job.source_dir}' is {what}", "source_dir is relative to the manifest's folder"
    )


@rule(ERROR, source=SDK2 + "utils.py, create_tar_file", given="dependencies")
def dependency_not_found(case: Case) -> Iterator[Finding]:
    """What is to be packed beside the entry point must be there, on this machine.

    Bad:
        dependencies: [lib/common]

    Good:
        dependencies: []
    """
    if _in_s3(case):
        return
    for number, path in enumerate(case.job.dependencies):
        if "://" in path or not case.disk.exists(case.disk.below(case.folder, path)):
            hint = (
                "copy it here first: only files of this machine are packed"
                if "://" in path
                else "dependencies are relative to the manifest's folder"
            )
            yield Finding(("dependencies", number), f"there is no file or folder '{path}'", hint)


@rule(ERROR, source=SDK2 + "utils.py, create_tar_file", given="dependencies")
def dependencies_of_one_name(case: Case) -> Iterator[Finding]:
    """Dependencies stand side by side in the archive under their own names, so the names must differ.

    Bad:
        dependencies: [team/common, shared/common]

    Good:
        dependencies: []
    """
    if _in_s3(case):
        return
    seen: dict[str, str] = {}
    if case.job.source_dir is None and case.job.entry_point is not None:
        seen[PurePosixPath(case.job.entry_point).name] = case.job.entry_point
    for number, path in enumerate(case.job.dependencies):
        first = seen.setdefault(PurePosixPath(path).name, path)
        if PurePosixPath(first) != PurePosixPath(path):
            yield Finding(
                ("dependencies", number),
                f"'{path}' and '{first}' have one name, and would overwrite each other in the archive",
                "rename one of them, or name a folder that holds both",
            )


@rule(ERROR, source=SDK2 + "fw_utils.py, tar_and_upload_dir", given="dependencies")
def dependencies_with_archive(case: Case) -> Iterator[Finding]:
    """An archive that lies in S3 already is used as it is: nothing is packed into it.

    The SDK drops the dependencies without a word.

    Bad:
        source_dir: s3://bucket/code/sourcedir.tar.gz
        dependencies: [common]

    Good:
        source_dir: s3://bucket/code/sourcedir.tar.gz
    """
    if _in_s3(case) and case.job.dependencies:
        yield Finding(
            ("dependencies",),
            f"dependencies would stay behind: '{case.job.source_dir}' is used as it is",
            "pack them into the archive, or write source_dir: a folder",
            at_key=True,
        )


@rule(WARNING, source=TOOLKIT + " (entry_point.py, install)")
def requirements_of_shell_script(case: Case) -> Iterator[Finding]:
    """The container installs requirements.txt for a Python entry point only.

    A shell script must call pip itself.

    Bad:
        entry_point: train.sh
        dependencies: [requirements.txt]

    Good:
        entry_point: train.py
    """
    entry = case.job.entry_point or ""
    if case.script_mode and entry.endswith(".sh") and _packs(case, "requirements.txt"):
        yield Finding(
            ("entry_point",),
            f"requirements.txt is not installed for a shell script ('{entry}')",
            "call pip install -r requirements.txt in it, or name a .py file",
        )


@rule(WARNING, source="https://github.com/aws/sagemaker-containers/blob/v2.8.6/src/sagemaker_containers/_modules.py")
def requirements_without_setup(case: Case) -> Iterator[Finding]:
    """The oldest containers of script mode install requirements.txt only beside a setup.py.

    Bad:
        framework_version: "1.12"
        py_version: py3
        dependencies: [requirements.txt]

    Good:
        framework_version: "1.15"
        py_version: py3
    """
    release = case.release if case.job.image_uri is None else None
    if release is None or release.requirements_installed or not case.script_mode:
        return
    if _packs(case, "requirements.txt") and not _packs(case, "setup.py"):
        yield Finding(
            ("framework_version",),
            f"the container of {release.name} does not install requirements.txt without a setup.py",
            "add a setup.py (its install_requires will do), or take a newer version",
        )


@rule(WARNING, source=TOOLKIT + " (process.py; _entry_point_type.py)", given="source_dir")
def nested_entry_point_of_package(case: Case) -> Iterator[Finding]:
    """With a setup.py the container installs a package, and runs the entry point as a module by its name.

    A path with folders is no module's name, so `python -m` does not find it.

    Bad:
        source_dir: .
        entry_point: trainer/task.py
        dependencies: [setup.py]

    Good:
        source_dir: .
        entry_point: train.py
    """
    entry = case.job.entry_point or ""
    nested = "/" in entry and entry.endswith(".py") and len(PurePosixPath(entry).parts) > 1
    if case.script_mode and nested and case.job.source_dir is not None and _packs(case, "setup.py"):
        yield Finding(
            ("entry_point",),
            f"beside a setup.py the container runs 'python -m {entry.removesuffix('.py')}', which is no module",
            "put a small script that imports the package at the root of source_dir, and name that",
        )


@rule(WARNING, source=SDK1 + "fw_utils.py, tar_and_upload_dir", given=LEGACY)
def folder_of_entry_point_dropped(case: Case) -> Iterator[Finding]:
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
    entry = case.job.entry_point or ""
    if case.legacy and _in_s3(case) and "/" in entry and lies_inside(entry):
        name = entry.rpartition("/")[2]
        yield Finding(
            ("entry_point",),
            f"legacy mode would look for '{name}' at the archive's root, not for '{entry}'",
            f"lay {name} at the root of the archive, and write entry_point: {name}",
        )


@rule(ERROR, source=GUIDE + "your-algorithms-training-algo-dockerfile.html", given="container_entry_point")
def program_in_streamed_channel(case: Case) -> Iterator[Finding]:
    """A program that comes with a channel must be on every instance's disk before it starts.

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
    named = {
        found["channel"] for item in case.job.container_entry_point or [] if (found := re.match(_IN_CHANNEL, item))
    }
    for name in named & case.job.channels.keys():
        channel = case.job.channels[name]
        mode = case.job.input_mode_of(channel)
        sharded = channel.distribution == "ShardedByS3Key" and case.job.instances() > 1
        if mode != "File" or sharded:
            how = "is shared out among the instances" if sharded else f"is in {mode} mode"
            cure = "distribution: FullyReplicated" if sharded else "input_mode: File"
            yield Finding(
                ("channels", name), f"container_entry_point needs the channel '{name}', which {how}", f"write {cure}"
            )


def _in_s3(case: Case) -> bool:
    return (case.job.source_dir or "").startswith("s3://")


def _packs(case: Case, name: str) -> bool:
    """Whether a file of that name stands at the root of the archive, as far as the manifest and its folder tell."""
    folder = case.source_folder if case.job.source_dir is not None else None
    dependencies = () if _in_s3(case) else case.job.dependencies
    return (folder is not None and case.disk.is_file(case.disk.below(folder, name))) or name in {
        PurePosixPath(path).name for path in dependencies
    }


@lru_cache(maxsize=1_000)
def lies_inside(path: str) -> bool:
    """Whether a path, as written, stays in the folder that it is relative to."""
    depth = 0
    for part in PurePosixPath(path).parts:
        depth += {"..": -1, "/": -10_000}.get(part, 1)
        if depth < 0:
            return False
    return True
