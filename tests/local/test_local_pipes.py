"""Pipe mode on this machine: what a script reads from the FIFOs, epoch after epoch."""

import gzip
import io
import json
import struct

import pytest

from local.jobs import channel, log, request, run
from sagespec.deploying.services.local.container import channels, pipes
from sagespec.deploying.services.local.service import LocalService

READS = """
import os, time
folder = os.path.join(os.environ["SM_INPUT_DIR"], "data")
def epoch(channel, number, count=-1):
    path = os.path.join(folder, "%s_%d" % (channel, number))
    while not os.path.exists(path):
        time.sleep(0.01)
    with open(path, "rb") as fifo:
        return fifo.read(count)
"""


@pytest.fixture
def service(tmp_path):
    return LocalService(tmp_path / "local", grace=1)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in "abcd":
        (folder / name).write_bytes(name.encode() * 3)
    return folder


def piped(name, uri, *, own=None, **source):
    return {**channel(name, str(uri), **source), "InputMode": "Pipe", **(own or {})}


def log_of_run(service, script, *inputs, **members):
    seen = run(service, request(READS + script, InputDataConfig=list(inputs), **members))
    assert seen.status == "Completed", (seen.failure, log(service, seen.job_name))
    return [line for line in log(service, seen.job_name) if "sagespec: the script left nothing" not in line]


def test_every_epoch_streams_all_objects_in_the_order_of_their_keys(service, data):
    assert log_of_run(service, "print([epoch('train', n) for n in range(3)])", piped("train", data)) == [
        f"algo-1: {[b'aaabbbcccddd'] * 3}"
    ]


def test_reader_that_stops_early_finds_the_next_epoch_at_its_beginning(service, tmp_path):
    (tmp_path / "large").write_bytes(bytes(range(256)) * 4096)
    script = "print(epoch('train', 0, 2), len(epoch('train', 1)), epoch('train', 2, 3))"
    assert log_of_run(service, script, piped("train", tmp_path / "large")) == [
        "algo-1: b'\\x00\\x01' 1048576 b'\\x00\\x01\\x02'"
    ]


def test_channels_of_files_lie_beside_piped_ones_and_are_shielded(service, data):
    script = """
files = os.environ["SM_CHANNEL_FILES"]
open(os.path.join(files, "a"), "w").write("changed")
print(epoch("train", 0), sorted(os.listdir(files)))
print(open(os.path.join(os.environ["SM_INPUT_CONFIG_DIR"], "inputdataconfig.json")).read().count('"Pipe"'))
"""
    shown = log_of_run(service, script, piped("train", data), channel("files", str(data)))
    assert shown == ["algo-1: b'aaabbbcccddd' ['a', 'b', 'c', 'd']", "algo-1: 1"]


def test_objects_are_unpacked_and_then_wrapped_as_records(service, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.gz").write_bytes(gzip.compress(b"one") + gzip.compress(b"two"))
    own = {"CompressionType": "Gzip", "RecordWrapperType": "RecordIO"}
    expected = struct.pack("<II", pipes.MAGIC, 6) + b"onetwo\0\0"
    assert log_of_run(service, "print(epoch('train', 0))", piped("train", folder, own=own)) == [f"algo-1: {expected}"]


def test_lines_of_an_augmented_manifest_are_records_of_their_attributes(service, data, tmp_path):
    (tmp_path / "manifest").write_text(
        "".join(
            json.dumps({"label": n, "image-ref": str(data / name), "other": 1}) + "\n" for n, name in enumerate("ab")
        )
    )
    source = {"S3DataType": "AugmentedManifestFile", "AttributeNames": ["image-ref", "label"]}
    own = {"RecordWrapperType": "RecordIO"}
    shown = log_of_run(service, "print(epoch('train', 0))", piped("train", tmp_path / "manifest", own=own, **source))
    expected = b"".join(b"".join(pipes.wrapped(record)) for record in (b"aaa", b"0", b"bbb", b"1"))
    assert shown == [f"algo-1: {expected}"]


def test_shards_of_a_shuffled_channel_are_shared_out_anew_each_epoch(service, data):
    script = "print([epoch('train', n) for n in range(4)])"
    own = {"ShuffleConfig": {"Seed": 7}}
    inputs = piped("train", data, own=own, S3DataDistributionType="ShardedByS3Key")
    first, second = (eval(line.partition(": ")[2]) for line in sorted(log_of_run(service, script, inputs, count=2)))
    for mine, others in zip(first, second, strict=True):
        assert len(mine) == len(others) == 6
        assert sorted(mine + others) == sorted(b"aaabbbcccddd")
    assert len(set(first)) > 1


def test_interrupted_run_begins_with_the_first_epoch_again(tmp_path, data):
    script = """
state = os.path.join(os.environ["SM_INPUT_DIR"], "..", "pipe_state")
print("found", os.path.exists(state), epoch("train", 0, 3), flush=True)
os.makedirs(state, exist_ok=True)
for step in range(1, 15):
    print("step", step, flush=True)
    time.sleep(0.05)
"""
    shown = log_of_run(LocalService(tmp_path / "local", interrupt=1, grace=1), script, piped("train", data))
    assert [line for line in shown if "found" in line] == ["algo-1: found False b'aaa'"] * 2


def test_fast_file_is_reported_as_file():
    inputs = {**channel("train", "s3://b/k"), "InputMode": "FastFile"}
    assert channels.channel_config(inputs, "File")["TrainingInputMode"] == "File"
    assert channels.channel_config(channel("train", "s3://b/k"), "Pipe")["TrainingInputMode"] == "Pipe"


def test_long_records_come_in_parts(monkeypatch):
    monkeypatch.setattr(pipes, "LONGEST_PART", 4)
    stream = io.BytesIO(b"".join(pipes.wrapped(b"abcdefghi")))
    heads = []
    while head := stream.read(8):
        magic, length = struct.unpack("<II", head)
        length, flag = length & (1 << 29) - 1, length >> 29
        heads.append((magic == pipes.MAGIC, flag, stream.read(length + -length % 4)[:length]))
    assert heads == [(True, pipes.FIRST, b"abcd"), (True, pipes.MIDDLE, b"efgh"), (True, pipes.LAST, b"i")]
