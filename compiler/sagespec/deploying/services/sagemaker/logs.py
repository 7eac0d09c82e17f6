"""Logs from CloudWatch: all hosts of a job or an endpoint, in the order of time, resumable."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.deploying.services import Cursor, LogLine, ServiceError
from sagespec.deploying.services.sagemaker.faults import call, cause_of, code_of, is_not_found, tokens

GROUP = "/aws/sagemaker/TrainingJobs"
ENDPOINTS = "/aws/sagemaker/Endpoints"
EMPTY_PAGES = 3
"""How often the end of a log is looked for in pages without lines."""
MOST_EMPTY = 100
"""Pages without a line after which a log has none for now, whatever its tokens say."""
STREAMS_EVERY = 6
"""Reads of a job's log between two looks for hosts that have begun to write."""


class LogPlace(NamedTuple):
    """Where a log lies: every stream of a group whose name begins so belongs to it."""

    group: str
    prefix: str = ""

    @property
    def prefixed(self) -> dict[str, str]:
        return {"logStreamNamePrefix": self.prefix} if self.prefix else {}

    def host_of(self, stream: str) -> str:
        """`algo-1` of `<job>/algo-1-<epoch>`; of an endpoint `<variant>/<instance>`, as it is."""
        return (stream.partition("/")[2].rpartition("-")[0] or stream) if self.prefix else stream


def of_job(job_name: str) -> LogPlace:
    """The slash matters: without it `a` would find the streams of `a-2`."""
    return LogPlace(GROUP, f"{job_name}/")


def of_endpoint(name: str) -> LogPlace:
    return LogPlace(f"{ENDPOINTS}/{name}")


def read_logs(client: Any, place: LogPlace, cursor: Cursor) -> tuple[Iterator[LogLine], Cursor]:
    """The lines after `cursor`, and the cursor after them: it moves on as the lines are read."""
    positions = {stream: dict(position) for stream, position in cursor.positions.items()}
    known = cursor.reads % STREAMS_EVERY and sorted(positions)
    streams = known or _streams(client, place)
    for stream in streams:
        positions.setdefault(stream, {"token": None, "since": int(cursor.since * 1000), "time": 0, "count": 0})
    lines = [_Stream(client, place, stream, positions[stream]).lines() for stream in streams]
    return heapq.merge(*lines, key=lambda line: line.time), cursor.at(positions, cursor.reads + 1)


def read_tail(client: Any, place: LogPlace, count: int) -> list[LogLine]:
    """The last lines over all hosts; what comes before them is not read."""
    lines = [line for stream in _streams(client, place) for line in _Stream(client, place, stream, {}).last(count)]
    return sorted(lines, key=lambda line: line.time)[-count:]


def _streams(client: Any, place: LogPlace) -> list[str]:
    """The hosts' streams. None before the container has started; a debugging agent's are left out."""
    streams: list[str] = []
    token: dict[str, str] = {}
    doing = f"DescribeLogStreams {place.prefix.rstrip('/') or place.group}"
    new = tokens(doing)
    while True:
        try:
            answer = call(
                client.describe_log_streams,
                doing,
                ("logStreams",),
                logGroupName=place.group,
                **place.prefixed,
                **token,
            )
        except ServiceError as error:
            if is_not_found(cause_of(error)):
                return streams
            raise
        streams += [stream["logStreamName"] for stream in answer["logStreams"]]
        if not answer.get("nextToken"):
            return sorted(stream for stream in streams if not stream.endswith("/ssm"))
        token = {"nextToken": new(answer["nextToken"])}


class _Stream:
    """One host's log from a position on. The position knows the last line's time and how many lines had it, so that
    reading goes on there when a token has expired (after a day)."""

    def __init__(self, client: Any, place: LogPlace, name: str, position: dict[str, Any]) -> None:
        self.client, self.group, self.name, self.position = client, place.group, name, position
        self.host = place.host_of(name)

    def lines(self) -> Iterator[LogLine]:
        empty = 0
        while empty < MOST_EMPTY:
            before = self.position["token"]
            events, after = self._page()
            empty = 0 if events else empty + 1
            for event in events:
                same = event["timestamp"] == self.position["time"]
                self.position["count"] = self.position["count"] + 1 if same else 1
                self.position["time"] = event["timestamp"]
                yield self._line(event)
            self.position["token"] = after
            if after == before:
                return

    def last(self, count: int) -> list[LogLine]:
        """The last lines of the stream. A page may be empty although there are lines before it."""
        token: dict[str, str] = {}
        for _ in range(EMPTY_PAGES):
            answer = call(
                self.client.get_log_events,
                f"GetLogEvents {self.name}",
                ("events", "nextBackwardToken"),
                logGroupName=self.group,
                logStreamName=self.name,
                limit=count,
                startFromHead=False,
                **token,
            )
            if answer["events"]:
                break
            token = {"nextToken": answer["nextBackwardToken"]}
        return [self._line(event) for event in answer["events"]]

    def _line(self, event: dict[str, Any]) -> LogLine:
        return LogLine(self.host, event["timestamp"] / 1000, event.get("message", "").rstrip("\r\n"))

    def _page(self) -> tuple[list[dict[str, Any]], str]:
        """One page and the token after it; a page may be empty and yet not be the last."""
        token = self.position["token"]
        try:
            return self._get(**({"nextToken": token} if token else {}))
        except ServiceError as error:
            if not token or code_of(cause_of(error)) != "InvalidParameterException":
                raise
        last, seen = self.position["time"], self.position["count"]
        self.position["since"] = last or self.position["since"]
        events, after = self._get()
        again = sum(event["timestamp"] == last for event in events[:seen])
        return events[again:], after

    def _get(self, **where: Any) -> tuple[list[dict[str, Any]], str]:
        if self.position["since"]:
            where["startTime"] = self.position["since"]
        answer = call(
            self.client.get_log_events,
            f"GetLogEvents {self.name}",
            ("events", "nextForwardToken"),
            logGroupName=self.group,
            logStreamName=self.name,
            startFromHead=True,
            **where,
        )
        return answer["events"], answer["nextForwardToken"]
