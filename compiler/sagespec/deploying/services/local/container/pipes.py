"""Pipe mode: streams channels through FIFOs, `<channel>_<epoch>`, as the service does.

A program that runs beside the script: `python pipes.py PLAN`. Each epoch's FIFO is there before the one before it ends;
nothing is written ahead of a reader, who may also stop early. It goes on until it is ended, with the script.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import shutil
import struct
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

MAGIC = 0xCED7230A
LONGEST_PART = (1 << 29) - 4
"""Bytes of one part of a record: its length has 29 bits."""
PIECE = 1 << 20
WHOLE, FIRST, MIDDLE, LAST = range(4)

Item = Mapping[str, str]
"""One object (`path`), or a value of an augmented manifest (`text`)."""


def wrapped(data: bytes) -> Iterator[bytes]:
    """A record in RecordIO: magic number, flag and length, padded to four bytes.

    Source: https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading
    """
    parts = [data[start : start + LONGEST_PART] for start in range(0, len(data), LONGEST_PART)] or [b""]
    for number, part in enumerate(parts):
        flag = WHOLE if len(parts) == 1 else FIRST if not number else LAST if number == len(parts) - 1 else MIDDLE
        yield struct.pack("<II", MAGIC, flag << 29 | len(part)) + part + bytes(-len(part) % 4)


def epoch_of(groups: Sequence[Sequence[Item]], channel: Mapping[str, Any], epoch: int) -> list[Sequence[Item]]:
    """What one host gets in an epoch, in its order: shuffled again each time, and shared out only then.

    Args:
        channel: `seed` (None where nothing shuffles), `part` and `parts` (of the hosts that share the objects).
    """
    mine = list(groups)
    if channel["seed"] is not None:
        random.Random(f"{channel['seed']}:{epoch}").shuffle(mine)  # noqa: S311 - every host must come to the same
    return mine[channel["part"] :: channel["parts"]]


def stream(item: Item, channel: Mapping[str, Any], out: IO[bytes]) -> None:
    """Writes one object: unpacked first, then wrapped."""
    if "text" in item:
        out.writelines(wrapped(item["text"].encode()) if channel["wrap"] else [item["text"].encode()])
        return
    opened: Any = gzip.open if channel["gzip"] else open
    with opened(item["path"], "rb") as file:
        if channel["wrap"]:
            out.writelines(wrapped(file.read()))
        else:
            shutil.copyfileobj(file, out, PIECE)


def feed(channel: Mapping[str, Any]) -> None:
    """Serves one channel for ever, epoch by epoch."""
    epoch = 0
    while True:
        fifo, following = (Path(f"{channel['place']}_{number}") for number in (epoch, epoch + 1))
        with contextlib.suppress(BrokenPipeError), fifo.open("wb") as out:  # waits for a reader
            with contextlib.suppress(BrokenPipeError):
                for item in (item for group in epoch_of(channel["groups"], channel, epoch) for item in group):
                    stream(item, channel, out)
                out.flush()
            make(following)
        fifo.unlink()
        epoch += 1


def make(fifo: Path) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkfifo(fifo)


def main(arguments: Sequence[str]) -> None:
    failed = threading.Event()

    def run(channel: Mapping[str, Any]) -> None:
        try:
            feed(channel)
        except Exception as error:
            sys.stderr.write(f"sagespec: channel '{Path(channel['place']).name}' cannot be streamed: {error}\n")
            failed.set()

    for channel in json.loads(Path(arguments[0]).read_text(encoding="utf-8")):
        threading.Thread(target=run, args=(channel,), daemon=True).start()
    failed.wait()
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
