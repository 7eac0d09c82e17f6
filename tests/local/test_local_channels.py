"""Where a channel's files come from: this machine, uploads, S3."""

import json

import boto3
import pytest
from moto import mock_aws

from local.jobs import channel
from sagespec.deploying.services.local.container import channels
from sagespec.deploying.services.local.folder import LocalStore


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "local")


@pytest.fixture
def s3(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="data")
        yield client


def put(s3, **objects):
    for key, text in objects.items():
        s3.put_object(Bucket="data", Key=key, Body=text.encode())


def held(files):
    return {file.name: file.fetch().read_text() for file in files}


@pytest.mark.parametrize(
    ("uri", "names"),
    [
        ("s3://data/train", ["a.csv", "deep/b.csv"]),
        ("s3://data/train/", ["a.csv", "deep/b.csv"]),
        ("s3://data/train/a.csv", ["a.csv"]),
        ("s3://data/tr", ["train/a.csv", "train/deep/b.csv"]),
        ("s3://data", ["train/a.csv", "train/deep/b.csv"]),
    ],
)
def test_objects_below_a_prefix_keep_their_names_below_it(s3, store, uri, names):
    put(s3, **{"train/a.csv": "A", "train/deep/b.csv": "B", "train/empty/": ""})
    files = channels.files_of(channel("train", uri), store)
    assert [file.name for file in files] == names
    assert set(held(files).values()) <= {"A", "B"}


def test_object_is_fetched_once_until_it_changes(s3, store):
    put(s3, **{"train/a.csv": "old"})
    asked = channel("train", "s3://data/train")
    [first] = channels.files_of(asked, store)
    kept = first.fetch()
    s3.delete_object(Bucket="data", Key="train/a.csv")
    assert first.fetch() == kept
    put(s3, **{"train/a.csv": "new"})
    assert held(channels.files_of(asked, store)) == {"a.csv": "new"}
    assert sorted(path.read_text() for path in store.downloads.iterdir()) == ["new", "old"]


def test_manifest_lists_the_objects(s3, store):
    listing = [{"prefix": "s3://data/"}, "train/a.csv", "other/c.csv"]
    put(s3, **{"train/a.csv": "A", "train/b.csv": "B", "other/c.csv": "C", "list": json.dumps(listing)})
    asked = channel("train", "s3://data/list", S3DataType="ManifestFile")
    assert held(channels.files_of(asked, store)) == {"train/a.csv": "A", "other/c.csv": "C"}


def test_nothing_at_the_place_is_an_error(s3, store):
    with pytest.raises(channels.DataError, match="channel 'train': there is nothing at s3://data/none"):
        channels.files_of(channel("train", "s3://data/none"), store)


def test_object_whose_name_leaves_the_folder_is_an_error(s3, store):
    put(s3, **{"train/../../x": "X"})
    with pytest.raises(channels.DataError, match="has a name that no file can have"):
        channels.files_of(channel("train", "s3://data/train"), store)


@pytest.mark.parametrize("uri", ["s3://bucket/../../etc", "s3://../x", "s3://", "https://bucket/x"])
def test_uri_that_would_leave_the_store_is_refused(store, uri):
    with pytest.raises(ValueError, match="is not an S3 URI that can be kept on this machine"):
        store.uploaded(uri)


def test_files_that_cannot_be_hard_links_are_symbolic_ones_or_copies(store, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_text("mine")
    monkeypatch.setattr("pathlib.Path.hardlink_to", lambda *_: (_ for _ in ()).throw(OSError(18, "cross-device")))
    files = channels.files_of(channel("train", str(tmp_path / "data")), store)
    channels.place(files, tmp_path / "seen", lambda: None)
    assert (tmp_path / "seen" / "x").readlink() == tmp_path / "data" / "x"
    channels.place(files, tmp_path / "contained", lambda: None, contained=True)
    assert not (tmp_path / "contained" / "x").is_symlink()
    assert (tmp_path / "contained" / "x").read_text() == "mine"


def test_hosts_share_out_all_files_and_none_twice():
    files = [channels.ChannelFiles(str(number), lambda: None) for number in range(7)]
    parts = [channels.shared(files, "ShardedByS3Key", host, 3) for host in range(3)]
    assert sorted((file.name for part in parts for file in part), key=int) == [file.name for file in files]
    assert channels.shared(files, "FullyReplicated", 1, 3) == files


def test_what_is_told_of_a_channel_is_what_the_service_tells():
    plain = channel("train", "s3://b/k")
    told = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    assert channels.channel_config(plain, "File") == told
    more = {**channel("train", "s3://b/k", S3DataDistributionType="ShardedByS3Key"), "ContentType": "text/csv"}
    more |= {"InputMode": "FastFile", "RecordWrapperType": "RecordIO"}
    assert channels.channel_config(more, "File") == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "ShardedByS3Key",
        "RecordWrapperType": "RecordIO",
    }
