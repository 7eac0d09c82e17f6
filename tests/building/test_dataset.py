"""A local channel's content, and nothing else, decides where it lies in S3."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import Judge
from sagespec.building.archive import ArchiveError
from sagespec.building.dataset import Datasets

FIELD = ("channels", "train", "path")


def folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def digest(path: Path) -> str:
    return Datasets().collect(path, FIELD).sha256


FILES = {"a.csv": b"1,2\n", "deep/ü.csv": b"3,4\n", "z/empty": b""}


def test_equal_data_have_one_hash_wherever_they_lie(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", FILES)
    two = folder(tmp_path / "two", dict(reversed(FILES.items())))
    for path in two.rglob("*"):
        os.utime(path, (0, 0))
    assert digest(one) == digest(two)


@pytest.mark.parametrize(
    "other",
    [
        {**FILES, "a.csv": b"1,3\n"},
        {"b.csv": b"1,2\n", "deep/ü.csv": b"3,4\n", "z/empty": b""},
        {**FILES, "more": b""},
        {"a.csv": b"1,2\n3,4\n", "deep/ü.csv": b"", "z/empty": b""},
    ],
)
def test_other_data_have_another(other: dict[str, bytes], tmp_path: Path) -> None:
    assert digest(folder(tmp_path / "one", FILES)) != digest(folder(tmp_path / "two", other))


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", FILES)
    (data / "secret").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError, match="leaves"):
        digest(data)


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_what_holds_no_data_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveError, match=name):
        digest(tmp_path / name)


def test_the_request_names_the_place_of_the_content(judge: Judge, code: Path) -> None:
    folder(code / "data", FILES)
    result = judge({"channels": {"train": "data"}})
    assert result.request is not None
    (upload,) = (upload for upload in result.request.uploads if upload.kind == "data")
    assert upload.uri == f"s3://sagemaker-us-west-2-123456789012/sagespec/data/{digest(code / 'data')}/"
    (channel,) = result.request.body()["InputDataConfig"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == upload.uri


def test_missing_data_is_reported_at_its_line(judge: Judge) -> None:
    (diagnostic,) = judge({"channels": {"train": {"path": "nowhere"}}}).diagnostics
    assert diagnostic.field == FIELD
    assert "nowhere" in diagnostic.message
