"""What is packed beside the entry point: the source folder, dependencies, requirements and set-up files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import EXPRESSION, ITEMS
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, SDK2, TOOLKIT, WARNING, refusal, rule
from sagespec.kinds import corrections
from sagespec.kinds.training_job.shared.code import JobCode
from sagespec.kinds.training_job.subjects import CODE

OUTSIDE = rf"^(/|(\./)*\.\.(/|$))(?!.*{EXPRESSION})"
"""A path that certainly leaves the folder that it is relative to."""


@rule(
    ERROR,
    on=CODE,
    source=SDK2 + "fw_utils.py, tar_and_upload_dir",
    rows=(
        Row(
            ("source_dir",),
            "code that is not beside the manifest is an archive in S3: s3://….tar.gz",
            form=r"^(?!.*://)|^s3://.*\.(tar\.gz|tgz)$",
        ),
    ),
)
def source_dir_not_an_archive(code: JobCode, _: None) -> Finding | None:
    """Code that is somewhere else already must be a gzipped tar archive in S3.

    The container downloads that one object and unpacks it.

    Bad:
        source_dir: s3://bucket/code/

    Good:
        source_dir: s3://bucket/code/sourcedir.tar.gz
        ---
        source_dir: .
    """
    uri = code.fields.source_dir or ""
    if "://" not in uri or (uri.startswith("s3://") and uri.endswith((".tar.gz", ".tgz"))):
        return None
    what = "not a .tar.gz archive" if uri.startswith("s3://") else "not in S3"
    return Finding(("source_dir",), f"'{uri}' is {what}", "name a folder beside the manifest, or s3://bucket/….tar.gz")


@rule(ERROR, on=CODE, source=SDK2 + "fw_utils.py, validate_source_dir")
def source_dir_not_found(code: JobCode, _: None) -> Finding | None:
    """The source folder must be there to be packed.

    Bad:
        source_dir: cdoe

    Good:
        source_dir: .
    """
    source, folder = code.fields.source_dir, code.packed_folder
    if source is None or folder is None or code.files.is_folder(folder):
        return None
    there = code.files.exists(folder)
    message = f"'{source}' is a file, not a folder" if there else f"there is no folder '{source}'"
    meant = corrections.s3_uri(source)
    hint = f"write {meant}" if meant else "source_dir is relative to the manifest's folder"
    return Finding(("source_dir",), message, hint)


@rule(ERROR, on=CODE, source=SDK2 + "utils.py, create_tar_file")
def dependency_not_found(code: JobCode, _: None) -> Iterator[Finding]:
    """What is to be packed beside the entry point must be there, on this machine.

    Bad:
        dependencies: [lib/common]

    Good:
        dependencies: []
    """
    if code.in_s3:
        return
    for number, path in enumerate(code.fields.dependencies):
        if "://" in path or not code.files.exists(code.files.below(code.folder, path)):
            hint = (
                "copy it here first: only files of this machine are packed"
                if "://" in path
                else "dependencies are relative to the manifest's folder"
            )
            yield Finding(("dependencies", number), f"there is no file or folder '{path}'", hint)


@rule(ERROR, on=CODE, source=SDK2 + "utils.py, create_tar_file")
def duplicate_dependency_name(code: JobCode, _: None) -> Iterator[Finding]:
    """Dependencies stand side by side in the archive under their own names, so the names must differ.

    Bad:
        dependencies: [team/common, shared/common]

    Good:
        dependencies: []
    """
    fields = code.fields
    if code.in_s3 or not fields.dependencies:
        return
    seen: dict[str, str] = {}
    if fields.source_dir is None and fields.entry_point is not None:
        seen[PurePosixPath(fields.entry_point).name] = fields.entry_point
    for number, path in enumerate(fields.dependencies):
        first = seen.setdefault(PurePosixPath(path).name, path)
        if PurePosixPath(first) != PurePosixPath(path):
            yield Finding(
                ("dependencies", number),
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


@rule(ERROR, on=CODE, source=TOOLKIT + " (entry_point.py, install; run with 5.1.0)")
def setup_file_without_setup(code: JobCode, _: None) -> Finding | None:
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
    if not code.choice.script_mode:
        return None
    folder, files, source_dir = code.packed_folder, code.files, code.fields.source_dir
    paths = [] if folder is None else [files.below(folder, "setup.py")]
    if not code.in_s3:
        paths += [code.folder / path for path in code.fields.dependencies if PurePosixPath(path).name == "setup.py"]
    for path in paths:
        if not files.is_file(path) or code.packs("pyproject.toml"):
            continue
        if re.search(rb"\bsetup\s*\(", files.read(path, _MAX_SETUP)) is None:
            return Finding(
                ("source_dir",) if source_dir is not None else ("dependencies",),
                "the container installs this as a package, because of its setup.py, which calls no setup()",
                "give setup.py another name, or let it call setuptools.setup()",
            )
    return None


_MAX_SETUP = 1_000_000
"""Bytes of a setup.py that are looked at."""


@rule(WARNING, on=CODE, source=TOOLKIT + " (entry_point.py, install)")
def requirements_of_shell_script(code: JobCode, _: None) -> Finding | None:
    """The container installs requirements.txt for a Python entry point only.

    A shell script must call pip itself.

    Bad:
        entry_point: train.sh
        dependencies: [requirements.txt]

    Good:
        entry_point: train.py
    """
    entry = code.fields.entry_point or ""
    if code.choice.script_mode and entry.endswith(".sh") and code.packs("requirements.txt"):
        return Finding(
            ("entry_point",),
            f"requirements.txt is not installed for a shell script ('{entry}')",
            "call pip install -r requirements.txt in it, or name a .py file",
        )
    return None


@rule(
    WARNING,
    on=CODE,
    source="https://github.com/aws/sagemaker-containers/blob/v2.8.6/src/sagemaker_containers/_modules.py",
)
def requirements_without_setup(code: JobCode, _: None) -> Finding | None:
    """The oldest containers of script mode install requirements.txt only beside a setup.py.

    Bad:
        framework_version: "1.12"
        py_version: py3
        dependencies: [requirements.txt]

    Good:
        framework_version: "1.15"
        py_version: py3
    """
    release = code.choice.holds
    if release is None or release.requirements_installed:
        return None
    if code.packs("requirements.txt") and not code.packs("setup.py"):
        return Finding(
            ("framework_version",),
            f"the container of {release.name} does not install requirements.txt without a setup.py",
            "add a setup.py (its install_requires will do), or take a newer version",
        )
    return None
