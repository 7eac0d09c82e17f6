"""The `Service` of this machine: what plan and apply see of the jobs in a folder."""

from __future__ import annotations

import contextlib
import errno
import heapq
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagespec.base.redact import redacted
from sagespec.building.request import Request, Upload
from sagespec.deploying.planning.observed import TERMINAL, ObservedJob
from sagespec.deploying.services import (
    START,
    Cursor,
    Foreseen,
    LogLine,
    NameTaken,
    NoSuchJob,
    Progress,
    ServiceError,
    Stored,
    one_by_one,
)
from sagespec.deploying.services.local import record
from sagespec.deploying.services.local.container import channels, contract, launch
from sagespec.deploying.services.local.folder import RESERVE, JobFolder, LocalStore, new_status, remove, write_json
from sagespec.deploying.services.local.log import end_of_lines, lines_of
from sagespec.deploying.services.local.options import EXECUTORS, LocalOptions
from sagespec.deploying.services.local.running import alive, cluster

if TYPE_CHECKING:
    from sagespec.deploying.services.local.running import modules

NOT_ISOLATED = "what runs here has a network: enable_network_isolation has no effect"
LINES_AT_ONCE = 500
"""Log lines that are looked through together for secrets: most hold none."""
SUMMARIES = ("checkpoints", "model", "output/data", "shared")
"""Folders of /opt/ml that a script may save summaries to."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """A disk that fails, or is not ours, is the service's failure here."""
    try:
        yield
    except OSError as error:
        place = error.filename or "the folder of local jobs"
        hint = "free some room there" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            hint = f"local jobs are kept in the project's folder, below .sagespec: who may write there?{_owner(place)}"
        raise ServiceError(f"{place} cannot be used: {error.strerror or error}", hint) from error


def _owner(place: str) -> str:
    """Whom the nearest folder that exists belongs to, where that is somebody else."""
    with contextlib.suppress(OSError, KeyError):
        found = next(path for path in (Path(place), *Path(place).parents) if path.exists())
        if found.stat().st_uid != os.getuid():
            return f" {found} belongs to {found.owner()}"
    return ""


class LocalService:
    """Runs training jobs on this machine. Everything lies below `root`; several programs may use one root at once."""

    name = "this machine"
    poll_seconds = 0.1
    """A look costs a few reads of small files."""

    def __init__(
        self,
        root: Path,
        *,
        executor: str = "process",
        provision: bool = False,
        python: str = sys.executable,
        interrupt: int = 0,
        grace: float | None = None,
        decided: bool = True,
    ) -> None:
        """
        Args:
            root: `.sagespec/local` in the project's folder; made when it is first needed.
            executor: `process` (this machine's Python) or `docker` (the request's image).
            provision: run the script in a cached environment with the TensorFlow version of the request's image.
            python: the Python that runs scripts where none is provisioned.
            interrupt: rehearse spot: how often the instance is taken away.
            grace: seconds from SIGTERM to SIGKILL; SageMaker's 120 where None.
            decided: that is how jobs will run; for a plan, `apply` has still to say so.
        """
        if executor not in EXECUTORS:
            raise ServiceError(f"there is no executor '{executor}'", f"there are {' and '.join(EXECUTORS)}")
        self.decided = decided
        self.root = root.absolute()
        self.store = LocalStore(self.root)
        given = {} if grace is None else {"grace": grace}
        self.options = LocalOptions(executor=executor, provision=provision, python=python, interrupt=interrupt, **given)

    # What is there

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[ObservedJob]:
        """Every attempt of these requests' names; with `projects`, every job of their projects."""
        names = {(request.project, request.name) for request in requests}
        wanted = {project for project, _ in names}
        for seen in self.jobs():
            if (seen.project, seen.name) in names or (projects and seen.project in wanted):
                yield seen

    @explained()
    def jobs(self) -> list[ObservedJob]:
        """Every job of this root, oldest first."""
        found = [
            record.observed(JobFolder(path)) for path in self.root.glob("[!.]*") if (path / "request.json").exists()
        ]
        return sorted(found, key=lambda seen: (seen.created, seen.job_name))

    @explained()
    def describe(self, job_name: str) -> ObservedJob:
        """One job, as it is now.

        Raises:
            NoSuchJob: there is none of that name.
        """
        return record.observed(self._job(job_name))

    def states(self, job_names: Sequence[str]) -> dict[str, ObservedJob | ServiceError]:
        """What each job does now."""
        return one_by_one(self.describe, job_names)

    @explained()
    def artifact(self, job_name: str, body: Mapping[str, Any] | None = None) -> str | None:
        """The path of the job's model, if it has one."""
        return record.artifact(self._job(job_name))

    @explained()
    def logs(self, job_name: str, cursor: Cursor) -> tuple[Iterator[LogLine], Cursor]:
        """The lines after `cursor`, oldest first over all hosts, and where they end."""
        job = self._job(job_name)
        pieces, ends = [], dict(cursor.positions)
        for path in job.logs():
            start, end = ends.get(path.stem, 0), end_of_lines(path)
            pieces.append(_log_lines(path, start, end))
            ends[path.stem] = max(start, end)
        merged = pieces[0] if len(pieces) == 1 else heapq.merge(*pieces, key=lambda line: line.time)
        decoded_hyperparameters = (line for line in merged if line.time >= cursor.since) if cursor.since else merged
        return decoded_hyperparameters, cursor.at(ends)

    def tail(self, job_name: str, count: int) -> list[LogLine]:
        """The last lines over all hosts."""
        return list(deque(self.logs(job_name, START)[0], count))

    @explained()
    def summaries(self, job_name: str) -> dict[str, str]:
        """The job's folders that a script saves to while it runs: a short name → path."""
        job = self._job(job_name)
        folders = {name: job.host("algo-1").path / name for name in SUMMARIES}
        where = job.body().get("CheckpointConfig", {}).get("S3Uri")
        if where:
            folders["checkpoints"] = self.store.checkpoints(where)
        return {name: str(path) for name, path in folders.items()}

    def objects(self, uri: str) -> Iterator[Stored]:
        """The files below a folder of `summaries`."""
        for folder, _, names in os.walk(uri):
            for path in (Path(folder, name) for name in names):
                with contextlib.suppress(FileNotFoundError):  # a script tidies up
                    found = path.stat()
                    yield Stored(path.relative_to(uri).as_posix(), found.st_size, found.st_mtime)

    @explained()
    def fetch(self, uri: str, path: Path) -> None:
        """Copies one of those files, or what was uploaded for a job.

        Raises:
            ServiceError: it is not there any more.
        """
        shutil.copyfile(self.store.uploaded(uri) if uri.startswith("s3://") else uri, path)

    # What is done

    def account(self) -> str:
        """This machine has none: what a local request says."""
        return "000000000000"

    def check_role(self, role_arn: str) -> None:
        """This machine runs jobs as whoever asks for them."""

    @explained()
    def upload(self, upload: Upload, progress: Progress, kms_key: str | None = None) -> bool:
        """Keeps a source archive, or links to data, below the root, where the request's URI is looked up first.

        Data is linked, not copied; a job whose data has changed in the meantime fails and says so.
        """
        target = self.store.uploaded(upload.uri)
        if upload.kind == "data":
            if channels.is_mirrored(upload.path, target):
                return False
            channels.mirror(upload.path, target)
        else:
            if target.exists():
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
                try:
                    upload.content.pack(file)
                    file.close()
                    Path(file.name).replace(target)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        progress(f"keeping {upload.path}", upload.size, upload.size)
        return True

    def foreseen(self, request: Request) -> Foreseen:
        """Whether this machine can run a request, and what will differ from SageMaker."""
        body = request.body(1)
        never = self._never(body)
        if never is not None:
            return Foreseen("; ".join(never))
        contents = {upload.uri: upload.content for upload in request.uploads if upload.kind == "code"}

        def code(uri: str, program: str) -> modules.SourceCode | None:
            from sagespec.deploying.services.local.running import modules

            found = contents.get(uri)
            return self._uploaded_code(uri, program) if found is None else modules.to_be_packed(found, program)

        refused = "; ".join(self._not_so(body, code) or ())
        if refused and self.decided:
            return Foreseen(refused)
        isolated = bool(body.get("EnableNetworkIsolation")) and self.options.executor != "docker"
        return Foreseen("", tuple(filter(None, (refused, NOT_ISOLATED if isolated else ""))))

    @explained()
    def create(self, request: Request, attempt: int) -> None:
        """Creates the training job and hands it to its supervisor.

        Raises:
            NameTaken: a job of that name exists.
            ServiceError: this machine cannot run such a job.
        """
        body = request.body(attempt)
        refused = self._never(body) or self._not_so(body, self._uploaded_code)
        if refused is not None:
            raise ServiceError(*refused)
        job = self._new_folder(body)
        command = [sys.executable, "-m", "sagespec.deploying.services.local.running.supervisor", str(job.path)]
        started = subprocess.run(command, cwd=job.path, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if started.returncode:
            reason = f"the supervisor of {job.name} could not be started: {_last_line(job, started.stderr)}"
            record.fail_orphan(job, reason)
            raise ServiceError(reason, f"{job.path / 'supervisor.log'} may say more")

    @explained()
    def stop(self, job_name: str) -> None:
        """Asks a job to end; a job that has ended is left as it is."""
        job = self._job(job_name)
        if record.observed(job).status not in TERMINAL:
            job.stop.touch()

    @explained()
    def tag(self, job_name: str, add: Mapping[str, str], remove: Sequence[str]) -> None:
        """Adds and removes tags."""
        job = self._job(job_name)
        kept = {key: value for key, value in record.tags_of(job).items() if key not in remove}
        record.change(job, tags={**kept, **add})

    @explained()
    def update(self, job_name: str, members: Mapping[str, Any]) -> None:
        """Changes what UpdateTrainingJob can change; here it is noted, and has no effect."""
        job = self._job(job_name)
        record.change(job, live={**record.live_of(job), **record.live_members(members)})

    def cleanable(self, job_names: Iterable[str] | None = None) -> list[str]:
        """The names of what `clean` would delete.

        Raises:
            NoSuchJob: there is none of that name.
            ServiceError: a job that was named still runs.
        """
        named = None if job_names is None else [self.describe(name) for name in job_names]
        for seen in named or ():
            if not seen.ended:
                raise ServiceError(f"{seen.job_name} is {seen.status}", "stop it first")
        return [seen.job_name for seen in (self.jobs() if named is None else named) if seen.ended]

    @explained()
    def clean(self, job_names: Iterable[str] | None = None) -> list[str]:
        """Deletes jobs that have ended (all of them where no names are given), and what no job left needs any more.

        Checkpoints go with the last job that names them.

        Returns:
            The names of the jobs that were deleted.

        Raises:
            NoSuchJob: there is none of that name.
            ServiceError: a job that was named still runs, or files of another user are left.
        """
        gone = self.cleanable(job_names)
        for name in gone:
            trash = self.root / f".gone-{name}"
            # One step: a folder that is half deleted must not look like a job.
            (self.root / name).rename(trash)
            remove(trash)
        if not self.jobs():
            for folder in (".uploads", ".downloads", ".checkpoints"):
                remove(self.root / folder)
        left = list(self.root.glob(".gone-*"))
        if left:
            raise ServiceError(
                f"not everything could be deleted: {left[0]} holds files of another user",
                "their owner, or root, can delete them",
            )
        return gone

    # A job's folder

    def _job(self, job_name: str) -> JobFolder:
        job = JobFolder(self.root / job_name)
        if job_name.startswith(".") or "/" in job_name or not job.request.exists():
            raise NoSuchJob(f"there is no job '{job_name}' on this machine", f"jobs lie in {self.root}")
        return job

    def _new_folder(self, body: Mapping[str, Any]) -> JobFolder:
        """A whole job folder appears at once under the job's name, or not at all: that name is the lock."""
        name = body["TrainingJobName"]
        self.root.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (self.root / ".gitignore").write_text("*\n")
        draft = JobFolder(Path(tempfile.mkdtemp(dir=self.root, prefix=f".new-{name}-")))
        try:
            draft.path.chmod(0o755)
            draft.artifact.parent.mkdir()
            write_json(draft.request, body)
            write_json(draft.options, self.options.plain())
            write_json(draft.status, new_status("Starting", "Preparing the training job"))
            write_json(draft.supervisor, alive.identity(os.getpid()))
            draft.reserve.write_bytes(bytes(RESERVE))
            draft.path.rename(self.root / name)
        except FileExistsError as error:
            raise _taken(name) from error
        except OSError as error:
            if (self.root / name).exists():
                raise _taken(name) from error
            raise ServiceError(f"{name} cannot be created in {self.root}: {error.strerror}") from error
        finally:
            shutil.rmtree(draft.path, ignore_errors=True)
        return JobFolder(self.root / name)

    def _never(self, body: Mapping[str, Any]) -> tuple[str, str] | None:
        """Why this machine runs no such job in any way, and what to do; None where it may."""
        if sys.platform == "win32":
            return (
                "jobs on this machine need Linux or macOS",
                "on Windows, run sagespec in the subsystem for Linux (WSL)",
            )
        algorithm = body["AlgorithmSpecification"]
        for channel in body.get("InputDataConfig", ()):
            why = channels.unsupported(channel, algorithm.get("TrainingInputMode", "File"))
            if why is not None:
                return why, "or run the job in SageMaker"
        return None

    def _not_so(
        self, body: Mapping[str, Any], code: Callable[[str, str], modules.SourceCode | None]
    ) -> tuple[str, str] | None:
        """Why this machine cannot run the job in the way that it is to, and what to do; None where it can.

        Args:
            code: (URI, entry point) → what lies there, or will.
        """
        algorithm = body["AlgorithmSpecification"]
        if self.options.executor == "docker":
            why = self._without_docker
            return (
                None
                if why is None
                else (f"docker cannot be used: {why}", "start docker, or leave --executor docker out")
            )
        given = contract.decoded(body.get("HyperParameters", {}))
        image = algorithm.get("TrainingImage", "")
        if "sagemaker_program" not in given:
            return (
                "the image brings its own program, which only a container can run",
                "use --executor docker, which runs it",
            )
        if launch.is_legacy(image):
            from sagespec.deploying.services.local.running import legacy

            return legacy.unusable(provision_asked=self.options.provision)
        apart = cluster.apart(body["ResourceConfig"], given)
        if apart is not None:
            return apart
        if given.get(cluster.MPI) and shutil.which("mpirun") is None:
            return "an MPI job needs mpirun, which is not on this machine's PATH", "install Open MPI"
        return self._lacks(given, code)

    def _lacks(
        self, given: Mapping[str, Any], code: Callable[[str, str], modules.SourceCode | None]
    ) -> tuple[str, str] | None:
        """What this machine's Python lacks for the job, and what to do: reported before it is started."""
        place = str(given.get("sagemaker_submit_directory", ""))
        if self.options.provision or not place.startswith("s3://"):  # else the code comes with a channel
            return None
        from sagespec.deploying.services.local.running import modules

        missing = modules.lacking(code(place, str(given["sagemaker_program"])), self.options.python)
        if missing is None:
            return None
        message = f"the script imports {missing}, which this Python does not have"
        return (
            message,
            f"add --provision, which installs it separately; or install {missing} into {self.options.python}",
        )

    def _uploaded_code(self, uri: str, program: str) -> modules.SourceCode | None:
        from sagespec.deploying.services.local.running import modules

        return modules.packed(self.store.uploaded(uri), program)

    @cached_property
    def _without_docker(self) -> str | None:
        """Why docker cannot be used; asked once for all jobs."""
        from sagespec.deploying.services.local.running import docker

        return docker.unusable()


def _log_lines(path: Path, start: int, end: int) -> Iterator[LogLine]:
    lines, host = lines_of(path, start, end), path.stem
    while some := list(islice(lines, LINES_AT_ONCE)):
        together = "\n".join(text for _, text in some)
        clean = redacted(together) == together
        for moment, text in some:
            yield LogLine(host, moment, text if clean else redacted(text))


def _last_line(job: JobFolder, output: str) -> str:
    """The last thing that a supervisor said, before or after it let go of the terminal."""
    with contextlib.suppress(OSError):
        output += (job.path / "supervisor.log").read_text(encoding="utf-8", errors="replace")
    return output.strip().rpartition("\n")[2]


def _taken(name: str) -> NameTaken:
    """In the words of the service."""
    return NameTaken(f"Training job names must be unique within an AWS account and region: '{name}' exists already")
