"""The words that a failure is told with, and how output becomes lines."""

from io import FileIO
from pathlib import Path

import pytest

from sagespec.deploying.services.local.log import LONGEST, Log, Stream, last_words, lines_of

TRACE = ["Traceback (most recent call last):", '  File "train.py", line 1', "ValueError: bad", "bye"]


@pytest.mark.parametrize(
    ("tail", "room", "words"),
    [
        (["fine", *TRACE], 1000, "ValueError: bad\nbye"),
        (["fine", *TRACE], 15, "ValueError: bad"),
        (["fine", *TRACE], 5, "Value"),
        (
            ["KeyError: 'x'", "During handling:", "RuntimeError: y"],
            1000,
            "KeyError: 'x'\nDuring handling:\nRuntimeError: y",
        ),
        (["KeyError: 'x'", "During handling:", "RuntimeError: y"], 20, "RuntimeError: y"),
        (["[1,2]<stderr>: RuntimeError: two", "noise " * 20], 40, "[1,2]<stderr>: RuntimeError: two"),
        ([str(number) for number in range(20)], 1000, "\n".join(map(str, range(10, 20)))),
        (["", "  "], 10, ""),
        ([], 10, ""),
        (["x"], -5, ""),
    ],
)
def test_last_words_hold_the_error_that_was_raised_and_no_more_than_there_is_room_for(tail, room, words):
    assert last_words(tail, room) == words


def texts(path):
    return [line[25:] for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_lines_may_come_in_pieces(tmp_path):
    log = Log(tmp_path / "log")
    stream = Stream(log)
    for piece in (b"on", b"e\r\ntw", b"o\n\n", "ü".encode()[:1], "ü".encode()[1:], b" end"):
        stream.feed(piece)
    stream.close()
    assert texts(log.path) == list(stream.tail) == ["one", "two", "", "ü end"]


def test_line_without_end_does_not_fill_the_memory(tmp_path):
    stream = Stream(Log(tmp_path / "log"))
    stream.feed(b"x" * (LONGEST + 5))
    assert texts(stream.log.path) == ["x" * LONGEST]
    stream.close()
    assert texts(stream.log.path) == ["x" * LONGEST, "x" * 5]


def test_a_full_disk_leaves_no_half_line(tmp_path, monkeypatch):
    log = Log(tmp_path / "log", may_lose_lines=True)
    log.write(["one"])
    before = log.path.read_bytes()

    class Full(FileIO):
        def write(self, data):
            if len(data) > 10:
                return super().write(data[:10])
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda path, mode, **_: Full(path, mode))
    log.write(["two"])
    with pytest.raises(OSError, match="No space left"):
        Log(log.path).write(["three"])
    monkeypatch.undo()
    assert log.path.read_bytes() == before


def test_a_damaged_line_is_shown_at_the_time_of_the_one_before(tmp_path):
    log = Log(tmp_path / "log")
    log.write(["one"])
    with log.path.open("ab") as file:
        file.write(b"2026-11-2026-11-28T23:30:00.000Z two\n")
    (first, one), (second, two) = lines_of(log.path, 0, log.path.stat().st_size)
    assert (one, second) == ("one", first)
    assert two.endswith("two")
