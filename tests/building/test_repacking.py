"""A model with its code inside, as TensorFlow Serving's container takes it: laid in by apply, from stream to stream."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from fakes.fixtures import Aws
from fakes.serving import Serving
from sagespec.building.archive import Contents, collect
from sagespec.building.repacking import NoModel, repack
from sagespec.deploying.planning.plan import Action, PlanOptions
from sagespec.deploying.planning.planfile import from_text, to_text, unlike

MODEL = {"1/saved_model.pb": b"graph", "1/variables/v.index": b"index", "code/old.py": b"old", "code/lib/x/y.py": b"y"}


def packed(files: Mapping[str, bytes], prefix: str = "") -> io.BytesIO:
    """An archive as people make it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size, info.uname = len(content), "somebody"
            tar.addfile(info, io.BytesIO(content))
    out.seek(0)
    return out


def unpacked(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        files = [member for member in tar.getmembers() if member.isfile()]
        assert len({member.name for member in files}) == len(files)
        return {member.name: tar.extractfile(member).read() for member in files}  # type: ignore[union-attr]


def repacked(code: Contents | io.BytesIO, model: io.BytesIO | None = None) -> bytes:
    out = io.BytesIO()
    repack(packed(MODEL) if model is None else model, code, out)
    return out.getvalue()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "serving"
    folder.mkdir()
    (folder / "inference.py").write_text("handler = None\n")
    (folder / "requirements.txt").write_text("numpy\n")
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "util.py").write_text("")
    (tmp_path / "inference.py").write_text("alone = None\n")
    return tmp_path


def test_a_source_folder_replaces_the_code_of_the_model(source: Path) -> None:
    found = unpacked(repacked(collect("inference.py", "serving", folder=source)))
    assert set(found) == {"1/saved_model.pb", "1/variables/v.index", "code/inference.py", "code/requirements.txt"}
    assert found["1/saved_model.pb"] == b"graph"


def test_a_lone_script_joins_the_code_of_the_model(source: Path) -> None:
    model = packed({**MODEL, "code/inference.py": b"before"})
    found = unpacked(repacked(collect("inference.py", folder=source), model))
    assert set(found) == {*MODEL, "code/inference.py"}
    assert found["code/inference.py"] == b"alone = None\n"


def test_dependencies_lie_in_the_folder_that_the_container_puts_on_its_path(source: Path) -> None:
    found = unpacked(repacked(collect("inference.py", "serving", ["common"], folder=source)))
    assert "code/lib/common/util.py" in found


def test_code_may_lie_in_an_archive_of_its_own() -> None:
    found = unpacked(repacked(packed({"inference.py": b"theirs"}, "./")))
    assert set(found) == {"1/saved_model.pb", "1/variables/v.index", "code/inference.py"}


def test_the_same_input_gives_the_same_bytes_wherever_and_whenever(source: Path) -> None:
    first = repacked(collect("inference.py", "serving", folder=source))
    os.utime(source / "serving" / "inference.py", (1, 1))
    assert repacked(collect("inference.py", "serving", folder=source)) == first
    assert b"somebody" not in gzip.decompress(first)


BROKEN = {
    "empty": b"",
    "text": b"no archive",
    "cut": packed(MODEL).getvalue()[:-40],
    "no-tar": gzip.compress(b"no tar" * 200),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_what_is_not_an_archive_is_reported(source: Path, broken: bytes) -> None:
    with pytest.raises(NoModel, match=r"is not a \.tar\.gz archive"):
        repacked(collect("inference.py", "serving", folder=source), io.BytesIO(broken))


# By apply


@pytest.fixture
def serving(aws: Aws, source: Path) -> Serving:
    aws.make_role()
    world = Serving(aws, source)
    world.write(entry_point="inference.py", source_dir="serving", model_kms_key="key-1")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="bucket", Key="mnist/model.tar.gz", Body=packed(MODEL).getvalue())
    return world


def test_apply_packs_the_model_anew_once(serving: Serving) -> None:
    assert serving.applied() is Action.CREATE
    (model,) = serving.endpoints.models.values()
    bucket, _, key = model.request["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
    made = serving.aws.client("s3").get_object(Bucket=bucket, Key=key)
    assert "code/inference.py" in unpacked(made["Body"].read())
    assert (made["ServerSideEncryption"], made["SSEKMSKeyId"].rpartition("/")[2]) == ("aws:kms", "key-1")
    (request,) = serving.compiled()[0]
    assert serving.service().upload(request.uploads[0], lambda *_: None, "key-1") is False
    (serving.folder / "serving" / "inference.py").write_text("handler = 2\n")
    assert serving.applied() is Action.UPDATE


def test_a_model_that_changed_under_its_name_is_refused(serving: Serving) -> None:
    """Who changes a model that is served gets what AWS calls unpredictable results."""
    serving.applied()
    changed = packed({**MODEL, "1/saved_model.pb": b"another"}).getvalue()
    serving.aws.client("s3").put_object(Bucket="bucket", Key="mnist/model.tar.gz", Body=changed)
    serving.write(entry_point="inference.py", source_dir="serving", model_kms_key="key-1", instance_type="ml.m5.large")
    (outcome,) = serving.apply()
    assert outcome.error is not None
    assert "was changed since it was packed" in outcome.error.message


@pytest.mark.parametrize(("body", "said"), [(None, "there is no model at"), (b"x", "is not a .tar.gz archive")])
def test_a_model_that_is_not_there_or_none_is_reported_before_anything_is_made(
    serving: Serving, body: bytes | None, said: str
) -> None:
    s3 = serving.aws.client("s3")
    s3.delete_object(Bucket="bucket", Key="mnist/model.tar.gz")
    if body is not None:
        s3.put_object(Bucket="bucket", Key="mnist/model.tar.gz", Body=body)
    (outcome,) = serving.apply()
    assert outcome.error is not None
    assert said in outcome.error.message
    assert serving.aws.effects == []


def test_a_saved_plan_holds_what_is_packed_anew(serving: Serving) -> None:
    plan = serving.plan()
    saved = from_text(to_text(plan, PlanOptions()), "p").plan
    assert saved == plan
    request = saved.changes[0].request
    assert request is not None
    assert request.uploads[0].content.sha256 == request.uploads[0].sha256


@pytest.mark.parametrize("model", ["archive", "folder"])
def test_a_saved_plan_holds_a_model_that_lies_here(model: str, serving: Serving) -> None:
    folder = serving.folder / "model"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "saved_model.pb").write_bytes(b"graph")
    archive = serving.folder / "model.tar.gz"
    archive.write_bytes(packed(MODEL).getvalue())
    serving.write(model_data="model.tar.gz" if model == "archive" else "model")
    plan = serving.plan()
    saved = from_text(to_text(plan, PlanOptions()), "p").plan
    assert saved == plan
    assert list(unlike(saved)) == []
    (archive if model == "archive" else folder / "1" / "saved_model.pb").write_bytes(packed({"a": b""}).getvalue())
    assert len(list(unlike(from_text(to_text(plan, PlanOptions()), "p").plan))) == 1


@pytest.mark.parametrize("model", ["archive", "folder"])
@pytest.mark.parametrize("code", ["here", "in S3"])
def test_code_is_laid_into_a_model_that_lies_here(code: str, model: str, serving: Serving) -> None:
    folder = serving.folder / "model"
    for name, content in MODEL.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (serving.folder / "model.tar.gz").write_bytes(packed(MODEL).getvalue())
    archive = packed({"inference.py": b"theirs"}).getvalue()
    serving.aws.client("s3").put_object(Bucket="bucket", Key="code/sourcedir.tar.gz", Body=archive)
    source = "serving" if code == "here" else "s3://bucket/code/sourcedir.tar.gz"
    local = "model.tar.gz" if model == "archive" else "model"
    serving.write(model_data=local, entry_point="inference.py", source_dir=source)
    assert serving.applied() is Action.CREATE
    (made,) = serving.endpoints.models.values()
    bucket, _, key = made.request["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
    found = unpacked(serving.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert found["1/saved_model.pb"] == b"graph"
    assert "code/old.py" not in found  # a whole folder of code takes its place
    assert (found["code/inference.py"] == b"theirs") is (code == "in S3")
    (request,) = serving.compiled()[0]
    assert serving.service().upload(request.uploads[0], lambda *_: None) is False
    assert serving.applied() is Action.KEEP
    (folder / "1" / "saved_model.pb").write_bytes(b"other")
    (serving.folder / "model.tar.gz").write_bytes(packed({**MODEL, "1/saved_model.pb": b"other"}).getvalue())
    assert serving.applied() is Action.UPDATE
