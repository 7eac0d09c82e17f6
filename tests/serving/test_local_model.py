"""Models that lie on this machine: what is uploaded of them, and what is said of those that no server would load."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from test_serving_container import REFUSED_BY_THE_SERVER, THERE

from conftest import ENDPOINT
from sagespec.building.archive import ArchiveError, collect
from sagespec.building.local_model import LARGEST_LISTED, ArchiveFile, folder_contents, listing, local_upload, with_code
from sagespec.building.saved_models import models_among
from sagespec.pipeline import Compiler, Options
from serving.serving_cases import LAYOUTS

RULE = "model-data-without-saved-model"


def lay(folder: Path, files: Mapping[str, str] | tuple[str, ...]) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(files[name] if isinstance(files, Mapping) else "")
    return folder


def packed(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder, ".")
    return archive


def findings_of(folder: Path, model_data: str, **over: object) -> list[tuple[str, str, str]]:
    fields = {**ENDPOINT, "model_data": model_data, **over}
    (folder / "mnist.yaml").write_text(yaml.safe_dump(fields, sort_keys=False))
    [result] = Compiler(Options(build=False)).run([str(folder / "mnist.yaml")])
    return [(found.rule, found.message, found.hint) for found in result.diagnostics]


@pytest.mark.parametrize("kind", ["folder", "archive"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_what_the_container_would_not_load_is_said_before(name: str, kind: str, tmp_path: Path) -> None:
    folder = lay(tmp_path / "model", LAYOUTS[name])
    where = "model" if kind == "folder" else packed(folder, tmp_path / "m.tar.gz").name
    rules = [rule for rule, _, _ in findings_of(tmp_path, where)]
    bad = "refused" in THERE["layouts"][name] or name in REFUSED_BY_THE_SERVER
    assert rules == ([RULE] if bad else [])


WRONG = {
    "nothing in a folder with a number": (
        ("latest/saved_model.pb",),
        "there is no model for the server: latest/saved_model.pb does not lie in a folder that is called by a number",
        "move what lies in latest into a folder that is called by a number: 1/saved_model.pb",
    ),
    "at the root": (
        ("saved_model.pb",),
        "there is no model for the server: saved_model.pb does not lie in a folder that is called by a number",
        "move what lies there into a folder that is called by a number: 1/saved_model.pb",
    ),
    "a file of Keras": (
        ("model.h5",),
        "there is no model for the server: it holds model.h5, which is not a SavedModel",
        'export a SavedModel, which lies at <number>/saved_model.pb: model.export("1") in Keras',
    ),
}


@pytest.mark.parametrize(("files", "message", "hint"), WRONG.values(), ids=WRONG)
def test_a_wrong_layout_is_reported_with_its_cure(
    files: tuple[str, ...], message: str, hint: str, tmp_path: Path
) -> None:
    lay(tmp_path / "model", files)
    assert findings_of(tmp_path, "model") == [(RULE, message, hint)]


def test_the_python_based_server_looks_into_one_folder_only(tmp_path: Path) -> None:
    lay(tmp_path / "here", ("export/Servo/17/saved_model.pb",))
    lay(tmp_path / "elsewhere", ("1/saved_model.pb",))
    (tmp_path / "train.py").write_text("def input_fn(data, content_type):\n    return data\n")
    python = {"endpoint_type": "python", "framework_version": "1.12", "entry_point": "train.py"}
    assert findings_of(tmp_path, "here", **python) == []
    [(rule, message, _)] = findings_of(tmp_path, "elsewhere", **python)
    assert (rule, message) == (
        RULE,
        "the Python-based server serves only what lies in export/Servo, and this model lies in the root",
    )


def test_an_image_of_one_s_own_may_want_any_layout(tmp_path: Path) -> None:
    lay(tmp_path / "model", ("weights.bin",))
    image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1"
    assert findings_of(tmp_path, "model", image_uri=image, framework_version=None) == []


def test_one_mistake_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / "broken.tar.gz").write_text("no archive")
    folder = lay(tmp_path / "linked", ("1/saved_model.pb",))
    (folder / "latest").symlink_to("1")
    packed(folder, tmp_path / "linked.tar.gz")
    assert [rule for rule, _, _ in findings_of(tmp_path, "nothing.tar.gz")] == ["unusable-files"]
    assert [rule for rule, _, _ in findings_of(tmp_path, "broken.tar.gz")] == [RULE]
    assert [rule for rule, _, _ in findings_of(tmp_path, "linked")] == ["unusable-files"]
    assert [rule for rule, _, _ in findings_of(tmp_path, "linked.tar.gz")] == ["link-in-model-data"]


def test_an_archive_that_is_changed_is_looked_into_again(tmp_path: Path) -> None:
    archive = packed(lay(tmp_path / "bad", ("saved_model.pb",)), tmp_path / "m.tar.gz")
    assert len(findings_of(tmp_path, "m.tar.gz")) == 1
    packed(lay(tmp_path / "good", ("1/saved_model.pb", "1/variables/variables.index")), archive)
    assert findings_of(tmp_path, "m.tar.gz") == []


def test_a_large_archive_is_not_looked_into_while_somebody_types(tmp_path: Path) -> None:
    with (tmp_path / "m.tar.gz").open("wb") as file:
        file.truncate(LARGEST_LISTED + 1)
    assert listing(tmp_path / "m.tar.gz") is None
    assert findings_of(tmp_path, "m.tar.gz") == []


def test_the_same_model_is_the_same_upload_wherever_it_lies(tmp_path: Path) -> None:
    files = {"1/saved_model.pb": "graph", "1/variables/variables.index": "v"}
    uploads = [local_upload(lay(tmp_path / name, files), None, "s3://bucket/x", 0) for name in ("a", "b")]
    archives = [io.BytesIO(), io.BytesIO()]
    for upload, out in zip(uploads, archives, strict=True):
        upload.content.pack(out)
    assert archives[0].getvalue() == archives[1].getvalue()
    assert uploads[0].content.sha256 == uploads[1].content.sha256
    archives[0].seek(0)
    with tarfile.open(fileobj=archives[0]) as file:
        assert models_among(member.name for member in file if member.isfile())[0].name == "model"
    archive = packed(tmp_path / "a", tmp_path / "m.tar.gz")
    out = io.BytesIO()
    ArchiveFile(archive).pack(out)
    assert out.getvalue() == archive.read_bytes()  # somebody's own archive stays as it is


def test_code_is_laid_into_a_folder_as_the_sdk_lays_it_into_an_archive(tmp_path: Path) -> None:
    model = folder_contents(lay(tmp_path / "model", ("1/saved_model.pb", "code/old.py")))
    lay(tmp_path, {"serving/inference.py": "", "mine.py": "", "inference.py": ""})

    def names(*asked: object) -> list[str]:
        contents = collect(*asked, folder=tmp_path)  # type: ignore[arg-type]
        return [member.name for member in with_code(model, contents).members if not member.is_folder]

    assert names("inference.py", "serving", ("mine.py",)) == [
        "1/saved_model.pb",
        "code/inference.py",
        "code/lib/mine.py",
    ]
    assert names("inference.py", None, ()) == ["1/saved_model.pb", "code/inference.py", "code/old.py"]
    assert with_code(model, None) is model


def test_what_cannot_be_uploaded_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveError, match="holds no file"):
        local_upload(tmp_path / "empty", None, "s3://b", 0)
    with pytest.raises(ArchiveError, match="there is no"):
        local_upload(tmp_path / "m.tar.gz", None, "s3://b", 0)
