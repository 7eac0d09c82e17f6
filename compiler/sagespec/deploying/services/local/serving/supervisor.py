"""Serves one revision of an endpoint until it is told to stop, whatever becomes of the command that asked for it.

A program: `python -m sagespec.deploying.services.local.serving.supervisor FOLDER`. It returns as soon as its child has
taken over.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from sagespec.base.errors import SagespecError
from sagespec.deploying.services.local.container.channels import is_s3_error
from sagespec.deploying.services.local.folder import read_json, remove
from sagespec.deploying.services.local.log import Log, last_words
from sagespec.deploying.services.local.running import alive
from sagespec.deploying.services.local.running.processes import Command, ProcessEnding, Run
from sagespec.deploying.services.local.running.supervisor import hand_over
from sagespec.deploying.services.local.serving import layout
from sagespec.deploying.services.local.serving.executors import executor_of
from sagespec.deploying.services.local.serving.folder import VARIANT, RevisionFolder, container_of, variant_of

GRACE = 5.0
"""Seconds from SIGTERM to SIGKILL."""
HEALTH_CHECK = 480.0
"""Seconds in which `/ping` must answer, where the configuration does not say it."""
PING_SECONDS = 2.0
"""How long one ping may take.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""
STOP, LATE = "stop", "late"
LONGEST_REASON = 1024
SOON, MOST_STARTS = 10.0, 4
"""A server that ends within so many seconds of its first answer is started so many times in a row, and no more."""


class Stopped(Exception):
    """Somebody has asked for the end."""


class ServingSupervisor:
    """One revision on its way to the first answer, and on."""

    def __init__(self, revision: RevisionFolder) -> None:
        self.revision = revision
        self.log = Log(revision.log, may_lose_lines=True)
        self.executor = executor_of(revision)
        self.shut_down = False
        self.ready_since: float | None = None
        self.began = time.monotonic()
        self.limit = HEALTH_CHECK

    def run(self) -> None:
        """Serves to the end, and writes down what it was."""
        status, failure = "Stopped", ""
        try:
            self._serve()
        except Stopped:
            pass
        except Exception as error:
            status, failure = "Failed", self._reason(error)
            self.log.note(failure)
        alive.end(read_json(self.revision.processes, []), str(self.revision.path))
        self.executor.clean_up()
        with contextlib.suppress(OSError):  # a full disk, or no folder any more: who looks next sees that it has ended
            self.revision.write_status(status, failure=failure[:LONGEST_REASON])
        self._delete_if_last()

    def _serve(self) -> None:
        model, config = self.revision.bodies()
        self.revision.write_status("Creating", "Downloading the model")
        layout.bring_model(container_of(model), self.revision.endpoint.store, self.revision.model, self._check_stopped)
        self.revision.write_status("Creating", "Starting the server")
        self.executor.prepare(lambda command: self._run([command], starting=False), self._note)
        limit = variant_of(config).get("ContainerStartupHealthCheckTimeoutInSeconds", HEALTH_CHECK)
        short = 0
        while True:
            self._check_stopped()
            self.limit, self.began, self.ready_since = float(limit), time.monotonic(), None
            ending = self._run(self.executor.commands())
            if ending.why == STOP:
                raise Stopped
            short = short + 1 if time.monotonic() - (self.ready_since or 0) < SOON else 0
            if self.ready_since is None or short == MOST_STARTS:
                raise Unhealthy(last_words(list(ending.tail), LONGEST_REASON // 2))
            self.log.note(f"a server ended (exit code {ending.code}): starting again")

    def _run(self, commands: Sequence[Command], *, starting: bool = True) -> ProcessEnding:
        ask = self._look if starting else self._stop_reason
        run = Run(commands, {VARIANT: self.log}, self.revision.processes, ask, to_the_end=False)
        return run.until_ended(lambda _why: GRACE)

    def _stop_reason(self) -> str | None:
        """Why the server should be ended now: it was asked to, or its folder was deleted."""
        asked = self.shut_down or self.revision.stop.exists() or not self.revision.path.exists()
        return STOP if asked else None

    def _look(self) -> str | None:
        """Why the servers should be ended now; on the way, notices when they answer."""
        if self.ready_since is None:
            address = self.executor.address()
            if address is not None and answers(address):
                self._serves(address)
            elif time.monotonic() - self.began > self.limit:
                return LATE
        return self._stop_reason()

    def _serves(self, address: str) -> None:
        """From here on this revision is the endpoint's; the one before it ends."""
        self.ready_since = time.monotonic()
        endpoint, before = self.revision.endpoint, self.revision.endpoint.current
        self.revision.write_status("InService", url=f"http://{address}")
        endpoint.point("current", self.revision)  # last: whoever looks in between sees an update that goes on
        self.log.note(f"serves at http://{address}")
        if before is not None and before != self.revision:
            before.stop.touch()

    def _check_stopped(self) -> None:
        if self._stop_reason():
            raise Stopped

    def _note(self, text: str) -> None:
        self._check_stopped()
        self.log.note(text)
        self.revision.write_status("Creating", text)

    def _reason(self, error: Exception) -> str:
        unhealthy = f"The primary container for production variant {VARIANT} did not pass the ping health check"
        if isinstance(error, Unhealthy):
            return f"{unhealthy}: {error}" if str(error) else f"{unhealthy}. See the endpoint's log."
        if isinstance(error, SagespecError):
            return f"{unhealthy}: {error.message}" if "bundles" in error.message else f"ClientError: {error.message}"
        if is_s3_error(error):
            return f"ClientError: the model cannot be downloaded: {error}"
        if isinstance(error, OSError):
            return f"ClientError: {error.filename or 'this machine'}: {error.strerror or error}"
        traceback.print_exception(type(error), error, error.__traceback__)
        return f"InternalServerError: the endpoint's supervisor failed: {type(error).__name__}: {error}"

    def _delete_if_last(self) -> None:
        """The last revision of an endpoint that is to be deleted deletes its folder."""
        endpoint = self.revision.endpoint
        others = [other for other in endpoint.revisions() if other != self.revision]
        if endpoint.deleting.exists() and not any(alive.is_alive(read_json(other.supervisor)) for other in others):
            delete_folder(endpoint.path)


class Unhealthy(Exception):
    """The server does not answer. Its text is what it said last."""


def delete_folder(folder: Path) -> None:
    """Deletes an endpoint's folder; in one step it has no name any more."""
    trash = folder.with_name(f".gone-{folder.name}-{os.getpid()}")
    with contextlib.suppress(OSError):
        folder.rename(trash)
    remove(trash)


def answers(address: str) -> bool:
    """Whether `/ping` is answered as the service wants it."""
    connection = http.client.HTTPConnection(address, timeout=PING_SECONDS)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: Sequence[str]) -> int:
    """Hands the revision to a child that outlives whoever called, and returns when the child has it."""
    revision = RevisionFolder(Path(arguments[0]))
    return hand_over(revision, lambda: ServingSupervisor(revision))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
