"""Runs one job from its folder to its end, whatever becomes of the command that created it.

A program: `python -m sagespec.local.supervisor FOLDER`. It returns as soon as its child has taken over the job.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import tarfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagespec.local import alive, artifacts, channels, cluster, contract, docker, optml, provision, rehearsal
from sagespec.local.folder import HostFolder, JobFolder, moved, read_json, remove, write_json
from sagespec.local.metrics import Metrics
from sagespec.local.options import Options
from sagespec.local.processes import Command, Ending, Log, Run, last_words

LONGEST_REASON = 1024
"""Characters of a FailureReason.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""
LIMIT, STOP, SHUTDOWN = "MaxRuntimeExceeded", "Stopped", "Shutdown"
KILLED = 137
"""Exit code of a shell whose program was killed: nearly always for want of memory."""
SHUTDOWN_GRACE = 5.0
"""Seconds that a script is given when this machine goes down; it has no two minutes then."""


@dataclass(eq=False)
class End(Exception):
    """How a job ended."""

    status: str
    secondary: str
    message: str
    failure: str = ""


def failed(reason: str) -> End:
    return End("Failed", "Failed", "Training job failed", reason[:LONGEST_REASON])


ENDS: Mapping[str | None, End] = {
    None: End("Completed", "Completed", "Training job completed"),
    STOP: End("Stopped", "Stopped", "Training job stopped"),
    LIMIT: End("Stopped", LIMIT, "Training job runtime exceeded MaxRuntimeInSeconds provided"),
    SHUTDOWN: failed("InternalServerError: this machine went down, or the job's supervisor was ended"),
}
"""How a job ends, by why its run was ended."""


class Supervisor:
    """One job on its way through the secondary statuses."""

    def __init__(self, job: JobFolder) -> None:
        self.job = job
        self.body = job.body()
        self.options = Options(**read_json(job.options))
        self.status: dict[str, Any] = read_json(job.status)
        self.in_docker = self.options.executor == "docker"
        self.cluster = cluster.cluster_of(self.body["ResourceConfig"])
        self.ports = cluster.free_ports(self.cluster.hosts)
        self.metrics = Metrics(self.body["AlgorithmSpecification"].get("MetricDefinitions", ()))
        self.progress = rehearsal.Progress()
        self.logs = {host: Log(job.log(host), self._notice) for host in self.cluster.hosts}
        self.scratch = job.path / ".scratch"
        self.etc_hosts = job.path / ".hosts"
        self.interruption: rehearsal.Moment | None = None
        self.shut_down = False
        self.real_opt_ml = False

    # The way through

    def run(self) -> None:
        """Runs the job to its end, and writes the end down even when the disk is full."""
        try:
            end = self._work()
        except End as known:
            end = known
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                end = self._broken(error)
            else:
                where = self.status["secondary"]
                end = failed(f"ClientError: No space left on the disk that holds {self.job.path} (while {where})")
        except Exception as error:
            end = self._broken(error)
        alive.end(read_json(self.job.processes, []), str(self.job.path))
        if self.in_docker:
            docker.clean_up(self.job, self.body, self.cluster)
        remove(self.scratch)
        changes = {
            "status": end.status,
            "failure": end.failure,
            "ended": time.time(),
            "metrics": list(self.metrics.last.values()),
        }
        self.job.write_status(moved(self.status, end.secondary, end.message, **changes))
        self.job.reserve.unlink(missing_ok=True)

    def _work(self) -> End:
        python = self._python()
        self._step("Downloading", "Downloading input data", started=time.time())
        self._lay_out()
        ending = self._train(python)
        if ending.failed is not None:
            raise failed(self._why_failed(ending))
        end = ENDS[ending.why]
        if end.status == "Failed":
            raise end
        if end.status == "Stopped":
            self._step("Stopping", "Stopping the training job", status="Stopping")
        self._step("Uploading", "Uploading generated training model")
        self._upload()
        return end

    def _step(self, secondary: str, message: str, **changes: Any) -> None:
        self.status = moved(self.status, secondary, message, **changes)
        self.job.write_status(self.status)

    def _broken(self, error: BaseException) -> End:
        traceback.print_exception(type(error), error, error.__traceback__)
        return failed(f"InternalServerError: the job's supervisor failed: {type(error).__name__}: {error}")

    def _notice(self, line: str, now: float) -> None:
        self.metrics.notice(line, now)
        self.progress.notice(line)

    # Starting

    def _python(self) -> str:
        if self.in_docker or not self.options.provision:
            return self.options.python
        wanted = provision.version_of_image(self.body["AlgorithmSpecification"]["TrainingImage"])
        if wanted is None:
            raise failed("ClientError: the image's tag does not say which TensorFlow to provision")
        try:
            environment = provision.provide(wanted, self._provisioning)
        except provision.CannotProvision as error:
            raise failed(f"ClientError: {error}") from error
        if environment.warning:
            self.logs["algo-1"].note(environment.warning)
        return str(environment.python)

    def _provisioning(self, progress: provision.Progress) -> None:
        self._goes_on()
        self.logs["algo-1"].note(str(progress))
        self._step("Starting", str(progress))

    # Downloading

    def _lay_out(self) -> None:
        for host in self.cluster.hosts:
            folder = self.job.host(host)
            folder.make()
            self._configure(host, folder)
            self._share(folder)
            if contract.decoded(self._hyperparameters(folder)).get("sagemaker_program"):
                self._unpack_code(folder)
        for channel in self.body.get("InputDataConfig", ()):
            self._place(channel)

    def _configure(self, host: str, folder: HostFolder) -> None:
        mode = self.body["AlgorithmSpecification"].get("TrainingInputMode", "File")
        mine = [one for one in self.body.get("InputDataConfig", ()) if host in self._receivers(one)]
        inputs = {one["ChannelName"]: channels.channel_config(one, mode) for one in mine}
        write_json(folder.config / "hyperparameters.json", self._hyperparameters(folder))
        write_json(folder.config / "inputdataconfig.json", inputs)
        write_json(folder.config / "resourceconfig.json", self.cluster.resource_config(host))

    def _hyperparameters(self, folder: HostFolder) -> dict[str, str]:
        """As in the request, with /opt/ml where it lies here."""
        given: dict[str, str] = self.body.get("HyperParameters", {})
        if self.in_docker:
            return docker.hyperparameters(given)
        result = {}
        for key, text in given.items():
            value = contract.decoded({key: text})[key]
            here = optml.placed(value, folder.path)
            result[key] = text if here == value else here if text == value else contract.as_json(here)
        return result

    def _share(self, folder: HostFolder) -> None:
        """Makes the folders that all hosts, or all attempts, have in common."""
        _link_folder(folder.path / "shared", self.job.path / "shared")
        config = self.body.get("CheckpointConfig")
        if config is None:
            _link_folder(folder.path / "checkpoints", self.job.path / "checkpoints")
            return
        place = config.get("LocalPath", docker.CHECKPOINTS)
        here = optml.placed(place, folder.path)
        if here == place:
            self.logs["algo-1"].note(f"checkpoints in {place} are not kept: on this machine they must lie in /opt/ml")
            return
        _link_folder(Path(here), self.job.store.checkpoints(config["S3Uri"]))

    def _unpack_code(self, folder: HostFolder) -> None:
        self._goes_on()
        uri = contract.decoded(self.body["HyperParameters"])["sagemaker_submit_directory"]
        if uri.startswith("/"):
            # An isolated job gets its code as the channel `code`.
            [code] = [one for one in self.body["InputDataConfig"] if one["ChannelName"] == "code"]
            uri = code["DataSource"]["S3DataSource"]["S3Uri"]
        try:
            [archive] = channels.files_of(_channel("code", uri), self.job.store)
            artifacts.unpack(archive.fetch(), folder.code)
        except (channels.DataError, tarfile.TarError, ValueError) as error:
            raise failed(f"ClientError: the source archive {uri} cannot be had: {error}") from error

    def _receivers(self, channel: Mapping[str, Any]) -> list[str]:
        names = channel["DataSource"].get("S3DataSource", {}).get("InstanceGroupNames")
        return [host for group in self.cluster.groups if not names or group.name in names for host in group.hosts]

    def _place(self, channel: Mapping[str, Any]) -> None:
        hosts = self._receivers(channel)
        distribution = channel["DataSource"]["S3DataSource"].get("S3DataDistributionType", "FullyReplicated")
        try:
            files = channels.files_of(channel, self.job.store)
            for number, host in enumerate(hosts):
                mine = channels.shared(files, distribution, number, len(hosts))
                folder = self.job.host(host).data / channel["ChannelName"]
                channels.place(mine, folder, self._goes_on, contained=self.in_docker)
        except channels.DataError as error:
            raise failed(f"ClientError: Data download failed: {error}") from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ("botocore", "boto3"):
                raise
            raise failed(f"ClientError: Data download failed: channel '{channel['ChannelName']}': {error}") from error

    # Training

    def _train(self, python: str) -> Ending:
        self._step("Training", "Training in progress")
        if self.in_docker:
            docker.prepare(self.job, self.body, self.cluster)
        else:
            python = self._install(python)
            self.etc_hosts.write_text(self.cluster.etc_hosts())
            self.real_opt_ml = optml.possible(self.job.path, self.etc_hosts, self.scratch / "trial")
        judge = rehearsal.Judge(self.options.interrupt)
        while True:
            self.progress.begin()
            self.interruption = judge.moment()
            commands = self._containers() if self.in_docker else self._scripts(python)
            ending = Run(commands, self.logs, self.job.processes, self._ask).until_ended(self._grace)
            judge.saw(self.progress, interrupted=ending.why == rehearsal.INTERRUPTED)
            if ending.why != rehearsal.INTERRUPTED:
                break
            self._lose_instance(judge)
        if judge.verdict is not None:
            self.status["rehearsal"] = judge.verdict
            self.logs["algo-1"].note(str(judge.verdict["text"]))
        return ending

    def _lose_instance(self, judge: rehearsal.Judge) -> None:
        """What spot does: the instance goes with all it held, and another one begins anew."""
        self._step("Interrupted", "Training job interrupted: the spot instance was taken away")
        self.logs["algo-1"].note(judge.describe_interruption())
        alive.end([], str(self.job.path))
        remove(self.scratch)
        rehearsal.forget([self.job.host(host) for host in self.cluster.hosts])
        self._step("Starting", "Preparing the next spot instance")
        self._step("Downloading", "Downloading input data")
        self._lay_out()
        self._step("Training", "Training in progress")

    def _scripts(self, python: str) -> list[Command]:
        commands = []
        for host in self.cluster.hosts:
            folder = self.job.host(host)
            told = contract.tell(folder, self._given(folder))
            config = self._tf_config(host)
            environ = self._environ(folder, told, config, python)
            argv = contract.command(folder, told, python)
            if contract.runs_as(folder, told.entry_point) == "program":
                # As the image does; an archive may have lost that its script is a program.
                (folder.code / told.entry_point).chmod(0o777)
            commands.append(Command(host, self._inside(host, argv), environ, folder.code))
            if config is not None and cluster.serves(config):
                server = cluster.parameter_server(python, host, self.cluster.hosts, config)
                commands.append(Command(host, server, {**environ, "TF_CONFIG": ""}, folder.code, helps=True))
        return commands

    def _containers(self) -> list[Command]:
        return [docker.command(host, self.job, self.body, self.cluster) for host in self.cluster.hosts]

    def _tf_config(self, host: str) -> dict[str, Any] | None:
        framework = contract.decoded(self.body.get("HyperParameters", {}))
        return cluster.tf_config(host, self.cluster.hosts, framework, self.ports)

    def _inside(self, host: str, argv: Sequence[str]) -> list[str]:
        if not self.real_opt_ml:
            return list(argv)
        return optml.inside(self.job.host(host).path, self.etc_hosts, self.scratch / host, argv)

    def _given(self, folder: HostFolder) -> dict[str, str]:
        """The request's Environment, and what the service and the image add to it."""
        asked: dict[str, str] = self.body.get("Environment", {})
        return {
            "TRAINING_JOB_NAME": self.job.name,
            "TRAINING_JOB_ARN": self.job.arn,
            "SAGEMAKER_TRAINING_MODULE": contract.TENSORFLOW_MODULE,
            **{key: optml.placed(value, folder.path) for key, value in asked.items()},
        }

    def _environ(
        self, folder: HostFolder, told: contract.Told, config: Mapping[str, Any] | None, python: str
    ) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SM_", "SAGEMAKER_"))}
        inherited.pop("TF_CONFIG", None)
        paths = [str(folder.code), inherited.get("PYTHONPATH", "")]
        return {
            **inherited,
            **self._given(folder),
            **told.environ,
            **({"TF_CONFIG": contract.as_json(config)} if config is not None else {}),
            "PATH": os.pathsep.join([str(Path(python).parent), inherited.get("PATH", os.defpath)]),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONUNBUFFERED": "1",
            "SAGEMAKER_BASE_DIR": str(folder.path),
            alive.MARK: str(self.job.path),
        }

    def _install(self, python: str) -> str:
        """Installs what the source folder asks for, into an environment of the job's own."""
        folder = self.job.host("algo-1")
        told = contract.tell(folder, self._given(folder))
        kind = contract.runs_as(folder, told.entry_point)
        wanted = ["."] if kind == "package" else []
        if kind != "program" and (folder.code / "requirements.txt").exists():
            wanted += ["-r", "requirements.txt"]
        if not wanted:
            return python
        own = str(provision.overlay(self.job.path / ".environment", python))
        argv = [own, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *wanted]
        command = Command("algo-1", argv, self._environ(folder, told, None, own), folder.code)
        ending = Run([command], self.logs, self.job.processes, self._ask).until_ended(self._grace)
        if ending.why is not None:
            raise ENDS[ending.why]
        if ending.failed is not None:
            kind = "InstallModuleError" if "." in wanted else "InstallRequirementsError"
            raise failed(self._script_error(kind, "algo-1", ending.code, argv))
        return own

    # Ending

    def _ask(self) -> str | None:
        """Why the run should be ended now."""
        if self.shut_down:
            return SHUTDOWN
        if self.job.stop.exists():
            return STOP
        began, limit = self.status["started"], self.body["StoppingCondition"].get("MaxRuntimeInSeconds")
        if limit is not None and time.time() - began > limit:
            return LIMIT
        if self.interruption is not None and self.progress.due(self.interruption):
            return rehearsal.INTERRUPTED
        return None

    def _goes_on(self) -> None:
        """Ends a job that was asked to end before its script began."""
        if self.shut_down or self.job.stop.exists():
            raise ENDS[SHUTDOWN if self.shut_down else STOP]

    def _grace(self, why: str | None) -> float:
        return min(SHUTDOWN_GRACE, self.options.grace) if why == SHUTDOWN else self.options.grace

    def _why_failed(self, ending: Ending) -> str:
        assert ending.failed is not None
        folder = self.job.host(ending.failed)
        tail = list(self.logs[ending.failed].tail)
        hint = "" if self.real_opt_ml or self.in_docker else optml.hint(tail, folder.path)
        if hint:
            self.logs[ending.failed].note(hint)
        if folder.failure.is_file():
            written = folder.failure.read_text(encoding="utf-8", errors="replace").strip()
            end = f", exit code: {ending.code}{hint}"
            return f"AlgorithmError: {written}"[: LONGEST_REASON - len(end)] + end
        if self.in_docker:
            words = last_words(self.logs[ending.failed].tail, LONGEST_REASON // 2)
            if ending.code == docker.DOCKER_FAILED:
                return f"ClientError: docker could not run the image: {words}"
            return f"AlgorithmError: {words}, exit code: {ending.code}"
        told = contract.tell(folder, self._given(folder))
        argv = contract.command(folder, told, self.options.python)
        return self._script_error("ExecuteUserScriptError", ending.failed, ending.code, argv, hint)

    def _script_error(self, kind: str, host: str, code: int, argv: Sequence[str], hint: str = "") -> str:
        """The words of the toolkit, which end with the exit code of the container: always 1."""
        extra = '\nExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"' if code == KILLED else ""
        head = f"AlgorithmError: {kind}:\nExitCode {code}\nErrorMessage "
        command = " ".join(argv)
        end = f'{extra}\nCommand "{command[:300]}", exit code: 1{hint}'
        words = last_words(self.logs[host].tail, LONGEST_REASON - len(head) - len(end) - 2)
        return f'{head}"{words}"{end}'

    def _upload(self) -> None:
        hosts = [self.job.host(host) for host in self.cluster.hosts]
        models, outputs = [host.model for host in hosts], [host.output_data for host in hosts]
        if self.body["OutputDataConfig"].get("CompressionType") == "NONE":
            kept = artifacts.lay_open(models, self.job.artifact.with_name("model"))
        else:
            kept = artifacts.pack(models, self.job.artifact)
        artifacts.pack(outputs, self.job.artifact.with_name("output.tar.gz"))
        if not kept:
            self.logs["algo-1"].note("the script left nothing in SM_MODEL_DIR (/opt/ml/model): the job has no model")


def _link_folder(place: Path, target: Path) -> None:
    """`place` becomes another name of the folder `target`, unless it is that folder."""
    target.mkdir(parents=True, exist_ok=True)
    if place != target and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target.resolve(), target_is_directory=True)


def _channel(name: str, uri: str) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3Uri": uri}}}


def main(arguments: Sequence[str]) -> int:
    """Hands the job to a child that outlives whoever called, and returns when the child has it."""
    job = JobFolder(Path(arguments[0]))
    ready, told = os.pipe()
    if os.fork():
        os.close(told)
        # The child says one byte once it answers for the job; without it, it never came so far.
        return 0 if os.read(ready, 1) else 1
    os.close(ready)
    os.setsid()
    _detach(job.path / "supervisor.log")
    write_json(job.supervisor, alive.identity(os.getpid()))
    supervisor = Supervisor(job)

    def shut_down(number: int, frame: object) -> None:
        supervisor.shut_down = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, shut_down)
    os.write(told, b"!")
    os.close(told)
    supervisor.run()
    return 0


def _detach(log: Path) -> None:
    """Lets go of the terminal: a supervisor that held its output open would hold up whoever reads it."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(written)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
