"""The `EndpointService` of this machine: what plan and apply see of the endpoints in a folder."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sagespec.base.redact import redacted
from sagespec.building.model_archive import RepackedModel
from sagespec.building.request import Request, Upload
from sagespec.deploying.planning.observed import ObservedEndpoint, Revision
from sagespec.deploying.services import (
    START,
    Answer,
    Cursor,
    Foreseen,
    InProgress,
    LogLine,
    ModelError,
    NameTaken,
    NoSuchJob,
    Progress,
    ServiceError,
    Stored,
    one_by_one,
)
from sagespec.deploying.services.local.folder import read_json, write_json
from sagespec.deploying.services.local.log import end_of_lines, lines_of
from sagespec.deploying.services.local.options import LocalOptions
from sagespec.deploying.services.local.running import alive
from sagespec.deploying.services.local.service import LocalService, explained
from sagespec.deploying.services.local.serving import layout, record
from sagespec.deploying.services.local.serving.executors import differences, refusal
from sagespec.deploying.services.local.serving.folder import (
    VARIANT,
    Configs,
    EndpointFolder,
    RevisionFolder,
    container_of,
)
from sagespec.deploying.services.local.serving.supervisor import delete_folder

ANSWER_SECONDS = 60.0
"""How long a model may take for an answer.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""


class LocalEndpoints:
    """Serves models on this machine. Everything lies below `root`; several programs may use one root at once."""

    name = "this machine"
    endless_logs = True

    def __init__(
        self,
        root: Path,
        executor: str = "process",
        provision: bool = False,
        *,
        python: str = sys.executable,
        decided: bool = True,
    ) -> None:
        """
        Args:
            root: `.sagespec/local` in the project's folder; made when it is first needed.
            executor: `process` (this machine's Python) or `docker` (the request's image).
            provision: serve with a cached environment that has the TensorFlow version of the request's image.
            python: the Python that serves where none is provisioned.
            decided: that is how it will be served; for a plan, `apply` has still to say so.
        """
        self.decided = decided
        self.jobs = LocalService(root, executor=executor, provision=provision, python=python)
        """Its neighbour, which shares the store of uploads."""
        self.root = self.jobs.root / "endpoints"
        self.configs = Configs(self.root / ".configs")
        self.options = LocalOptions(executor=executor, provision=provision, python=python)

    # What is there

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[ObservedEndpoint]:
        """The endpoints of these requests' names, whoever's they are; with `projects`, all of their projects."""
        names, wanted = {request.name for request in requests}, {request.project for request in requests}
        return [one for one in self.endpoints() if one.job_name in names or (projects and one.project in wanted)]

    def endpoints(self) -> list[ObservedEndpoint]:
        """Every endpoint of this root, oldest first."""
        found = []
        for path in self.root.glob("[!.]*"):
            with contextlib.suppress(NoSuchJob):
                found.append(self._observed(EndpointFolder(path)))
        return sorted(found, key=lambda one: (one.created, one.job_name))

    def describe(self, job_name: str) -> ObservedEndpoint:
        """One endpoint, as it is now.

        Raises:
            NoSuchJob: there is none of that name.
        """
        return self._observed(self._endpoint(job_name))

    def states(self, job_names: Sequence[str]) -> dict[str, ObservedEndpoint | ServiceError]:
        """What each endpoint does now."""
        return one_by_one(self.describe, job_names)

    def _observed(self, endpoint: EndpointFolder) -> ObservedEndpoint:
        try:
            found = record.observed(endpoint)
        except OSError as error:
            if not endpoint.body.exists():  # it has gone meanwhile
                raise _none(endpoint.name, self.root) from None
            what = f"{error.filename or endpoint.path} cannot be used: {error.strerror or error}"
            hint = f"delete the folder {endpoint.path}: its servers end, and apply makes it again"
            raise ServiceError(what, hint) from error
        if found.status == "Deleting" and not any(map(_lives, endpoint.revisions())):
            delete_folder(endpoint.path)
            raise _none(endpoint.name, self.root)
        return found

    def logs(self, job_name: str, cursor: Cursor) -> tuple[Iterator[LogLine], Cursor]:
        """The lines after `cursor`, of one revision after the other, and where they end."""
        pieces, ends = [], dict(cursor.positions)
        for revision in self._endpoint(job_name).revisions():
            if revision.log.exists():
                start, end = ends.get(revision.path.name, 0), end_of_lines(revision.log)
                pieces.append((revision.log, start, end))
                ends[revision.path.name] = max(start, end)
        lines = (line for path, start, end in pieces for line in lines_of(path, start, end))
        log_lines = (LogLine(VARIANT, moment, redacted(text)) for moment, text in lines if moment >= cursor.since)
        return log_lines, cursor.at(ends)

    def tail(self, job_name: str, count: int) -> list[LogLine]:
        """The last lines."""
        return list(deque(self.logs(job_name, START)[0], count))

    def artifact(self, job_name: str, body: Mapping[str, Any] | None = None) -> str | None:
        """Where the model lies that it serves."""
        return str((self._endpoint(job_name).current or self._asked_revision(job_name)).model)

    def summaries(self, job_name: str) -> dict[str, str]:
        """An endpoint saves none."""
        return {}

    def objects(self, uri: str) -> Iterator[Stored]:
        """The files below a path."""
        return self.jobs.objects(uri)

    def fetch(self, uri: str, path: Path) -> None:
        """Copies one of those files."""
        self.jobs.fetch(uri, path)

    # What is done

    def account(self) -> str:
        """This machine has none: what a local request says."""
        return self.jobs.account()

    def check_role(self, role_arn: str) -> None:
        """This machine serves as whoever asks for it."""

    def upload(self, upload: Upload, progress: Progress, kms_key: str | None = None) -> bool:
        """Keeps code or a model below the root, where the request's URI is looked up first."""
        if not isinstance(upload.content, RepackedModel):
            return self.jobs.upload(upload, progress, kms_key)
        target = self.jobs.store.uploaded(upload.uri)
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        with explained():
            layout.keep_repacked(upload.content, target)
        progress(f"keeping {upload.path}", upload.size, upload.size)
        return True

    def archive_at(self, uri: str, job_name: str) -> str:
        """An archive is brought here when it is served: nobody asks for its content before."""
        return ""

    def foreseen(self, request: Request) -> Foreseen:
        """Whether this machine can serve a request, and what will differ from SageMaker."""
        bodies = request.bodies()
        model, config = bodies["CreateModel"], bodies["CreateEndpointConfig"]
        image = model.get("PrimaryContainer", {}).get("Image") or request.serving.image
        if not image:
            return Foreseen()
        refused = refusal(image, model, config, self.options)
        notes = differences(image, model, config, self.options)
        if refused and self.decided:
            return Foreseen("; ".join(refused))
        return Foreseen("", (*(["; ".join(refused)] if refused else []), *notes))

    def prepare(self, request: Request) -> None:
        """Keeps the model and the configuration of a request; what is there already with our digest is left.

        Raises:
            ServiceError: this machine cannot serve it.
        """
        bodies = request.bodies()
        model, config = bodies["CreateModel"], bodies["CreateEndpointConfig"]
        refused = refusal(str(container_of(model)["Image"]), model, config, self.options)
        if refused:
            raise ServiceError(*refused)
        path = self.configs.of(config["EndpointConfigName"])
        if not path.exists():
            self._make_root()
            with explained():
                path.parent.mkdir(exist_ok=True)
                write_json(path, {"model": model, "config": config, "created": time.time()})

    def create(self, request: Request, attempt: int) -> None:
        """Creates the endpoint, with the configuration that is there, and hands it to its supervisor. One that has
        failed makes room for it.

        Raises:
            NameTaken: an endpoint of that name exists.
        """
        body = request.bodies(attempt)[request.calls[-1].operation]
        name, config = body["EndpointName"], body["EndpointConfigName"]
        self._check_config(config)
        self._make_root()
        draft = EndpointFolder(Path(tempfile.mkdtemp(dir=self.root, prefix=f".new-{name}-")))
        try:
            draft.path.chmod(0o755)
            write_json(draft.body, {"body": body, "created": time.time()})
            revision = self._new_revision(draft, config)
            self._make_room(name)
            draft.path.rename(self.root / name)
        except OSError as error:
            if (self.root / name).exists():
                arn = EndpointFolder(self.root / name).arn
                raise NameTaken(f'Cannot create already existing endpoint "{arn}"') from error
            raise ServiceError(f"{name} cannot be created in {self.root}: {error.strerror}") from error
        finally:
            shutil.rmtree(draft.path, ignore_errors=True)
        self._start(RevisionFolder(self.root / name / "revisions" / revision.path.name))

    def deploy(self, job_name: str, config: str, members: Mapping[str, Any]) -> None:
        """Changes an endpoint to another configuration: it is served beside the old one until it answers.

        Raises:
            InProgress: another change is on its way.
        """
        endpoint = self._endpoint(job_name)
        self._check_config(config)
        with self._locked(endpoint):
            found = self._observed(endpoint)
            if found.status in ("Creating", "Updating", "Deleting"):
                raise InProgress(f'Cannot update in-progress endpoint "{endpoint.arn}"')
            endpoint.scaled.unlink(missing_ok=True)
            revision = self._new_revision(endpoint, config)
        self._start(revision)

    def scale(self, job_name: str, wanted: Sequence[Mapping[str, Any]]) -> None:
        """Changes counts and weights; here they are noted, and have no effect."""
        endpoint = self._endpoint(job_name)
        names = {"DesiredInstanceCount": "InitialInstanceCount", "DesiredWeight": "InitialVariantWeight"}
        noted = {names.get(key, key): value for one in wanted for key, value in one.items() if key != "VariantName"}
        write_json(endpoint.scaled, {**read_json(endpoint.scaled, {}), **noted})

    def update(self, job_name: str, members: Mapping[str, Any]) -> None:
        raise ServiceError(f"{job_name} is an endpoint: it is deployed or scaled")

    def stop(self, job_name: str) -> None:
        """Deletes an endpoint: its servers end, and its folder goes with the last of them."""
        endpoint = self._endpoint(job_name)
        endpoint.deleting.touch()
        for revision in endpoint.revisions():
            revision.stop.touch()
        with contextlib.suppress(NoSuchJob):
            self._observed(endpoint)

    def tag(self, job_name: str, add: Mapping[str, str], remove: Sequence[str]) -> None:
        """Adds and removes tags."""
        endpoint = self._endpoint(job_name)
        kept = {key: value for key, value in record.tags_of(endpoint).items() if key not in remove}
        write_json(endpoint.tags, {**kept, **add})

    def discard(self, revision: Revision) -> str:
        """Removes a configuration, if no endpoint uses it.

        Returns:
            Why it was left, in words; empty where it is gone.
        """
        for one in self.endpoints():
            if revision.config in (one.config, one.pending):
                return f"{revision.config} is kept: the endpoint {one.job_name} uses it"
        self.configs.of(revision.config).unlink(missing_ok=True)
        for path in self.root.glob(f"[!.]*/revisions/{revision.config}.*"):
            if not _lives(RevisionFolder(path)):
                shutil.rmtree(path, ignore_errors=True)
        return ""

    def invoke(
        self, job_name: str, payload: bytes, content_type: str, accept: str = "", attributes: str = ""
    ) -> Answer:
        """Sends a request to an endpoint.

        Args:
            attributes: X-Amzn-SageMaker-Custom-Attributes, for the container.

        Raises:
            ModelError: the model refused the request; with its words.
            ServiceError: it does not answer.
        """
        found = self.describe(job_name)
        url = found.body.get("Url")
        if url is None:
            why = f": {found.failure}" if found.failure else ""
            raise ServiceError(f"{job_name} is {found.status}, and answers no requests{why}", _next_step(found))
        log = f"sagespec logs --local {job_name} says more"
        given = {"Content-Type": content_type, "Accept": accept, "X-Amzn-SageMaker-Custom-Attributes": attributes}
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", "/invocations", payload, {key: value for key, value in given.items() if value})
            answer = connection.getresponse()
            body = answer.read()
        except TimeoutError as error:
            why = f"{job_name} has not answered within {ANSWER_SECONDS:g} s, which is as long as SageMaker waits"
            raise ServiceError(why, log) from error
        except (OSError, http.client.HTTPException) as error:
            raise ServiceError(f"{job_name} does not answer: {error}", log) from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise ModelError(answer.status, redacted(body.decode("utf-8", "replace")), log)
        return Answer(body, answer.getheader("Content-Type") or "")

    # An endpoint's folder

    def _make_room(self, name: str) -> None:
        """Takes away what is left of an endpoint that has failed."""
        endpoint = EndpointFolder(self.root / name)
        if not endpoint.body.exists():
            return
        with self._locked(endpoint), contextlib.suppress(NoSuchJob):
            if self._observed(endpoint).status == "Failed" and not any(map(_lives, endpoint.revisions())):
                delete_folder(endpoint.path)

    def _endpoint(self, name: str) -> EndpointFolder:
        endpoint = EndpointFolder(self.root / name)
        if name.startswith(".") or "/" in name or not endpoint.body.exists():
            raise _none(name, self.root)
        return endpoint

    def _asked_revision(self, name: str) -> RevisionFolder:
        asked = self._endpoint(name).asked
        if asked is None:
            raise _none(name, self.root)
        return asked

    def _check_config(self, config: str) -> None:
        if not self.configs.of(config).exists():
            raise ServiceError(f'Could not find endpoint configuration "{config}"')

    def _make_root(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (self.jobs.root / ".gitignore").write_text("*\n")

    def _new_revision(self, endpoint: EndpointFolder, config: str) -> RevisionFolder:
        """A folder that is whole before the endpoint knows of it."""
        folder = endpoint.path / "revisions"
        folder.mkdir(exist_ok=True)
        draft = RevisionFolder(Path(tempfile.mkdtemp(dir=folder, prefix=f".{config}.")))
        draft.path.chmod(0o755)
        write_json(draft.options, self.options.plain())
        write_json(draft.supervisor, alive.identity(os.getpid()))
        draft.write_status("Creating", "Preparing the endpoint")
        revision = RevisionFolder(folder / draft.path.name.removeprefix("."))
        draft.path.rename(revision.path)
        endpoint.point("asked", revision)
        return revision

    def _start(self, revision: RevisionFolder) -> None:
        command = [sys.executable, "-m", "sagespec.deploying.services.local.serving.supervisor", str(revision.path)]
        started = subprocess.run(command, cwd=revision.path, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if started.returncode:
            why = started.stderr.strip().rpartition("\n")[2]
            reason = f"InternalServerError: the supervisor could not be started: {why}"
            revision.write_status("Failed", failure=reason)
            raise ServiceError(
                f"{revision.endpoint.name}: {reason}", f"{revision.path / 'supervisor.log'} may say more"
            )

    @contextlib.contextmanager
    def _locked(self, endpoint: EndpointFolder) -> Iterator[None]:
        """Holds off other programs that would change the endpoint; ends with the process, however that ends."""
        with endpoint.lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _lives(revision: RevisionFolder) -> bool:
    return alive.is_alive(read_json(revision.supervisor))


def _none(name: str, root: Path) -> NoSuchJob:
    return NoSuchJob(f"there is no endpoint '{name}' on this machine", f"endpoints lie in {root}")


def _next_step(found: ObservedEndpoint) -> str:
    if found.status == "Creating":
        return "wait until it is InService: sagespec attach --local follows it"
    return f"sagespec logs --local {found.job_name} says more"
