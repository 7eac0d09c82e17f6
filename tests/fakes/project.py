"""A folder of manifests that people edit, and what must be true of AWS however often `apply` was disturbed."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fakes.fixtures import Aws
from fakes.jobs import Fate, Job
from sagespec.building.request import Request
from sagespec.deploying.applying.applier import Applier, Outcome
from sagespec.deploying.planning.jobs.planner import Plan, PlanOptions, decide_all
from sagespec.deploying.planning.pruning import Evidence, Gone
from sagespec.deploying.services.sagemaker.service import SageMaker
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

SCRIPT = """\
import os

if __name__ == "__main__":
    print("variant {variant}", os.environ["SM_MODEL_DIR"])
"""

FATES = {
    "capacity": Fate("Failed", 5, "CapacityError: Unable to provision requested ML compute capacity."),
    "broken": Fate("Failed", 30, "AlgorithmError: ExecuteUserScriptError: ExitCode 1"),
}
"""How the variants go that do not simply complete."""


class WatchedProject:
    """The manifests of one project, as they are now, and the rules that AWS's own log is held to."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.aws = aws
        self.folder = folder
        self.variants: dict[str, str] = {}
        self.stopping = False
        """Whether anything may be stopped now: whether somebody said --replace or --prune."""
        self.broken: list[str] = []
        """The rules that were broken at the moment of an effect."""
        self.named: set[str] = set()
        """The jobs that a plan in this process has named as ones to stop."""
        self.said: list[Path] = []
        """What appliers in processes of their own have said: their plans come before all that they do."""
        self.said_folder = folder.parent / f"{folder.name}-said"
        self.said_folder.mkdir(exist_ok=True)
        aws.make_role()
        (folder / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: vision\n")
        aws.jobs.fate = lambda request: FATES.get(request["Environment"]["VARIANT"], Fate())
        aws.jobs.on_create = self._created
        aws.jobs.on_stop = self._stopped

    # What people do -----------------------------------------------------------------------------------------------

    def write(self, name: str, variant: str) -> None:
        self.variants[name] = variant
        script = self.folder / f"train_{variant}.py"
        if not script.exists():
            script.write_text(SCRIPT.format(variant=variant))
            data = self.folder / f"data_{variant}"
            data.mkdir()
            for number in range(3):
                (data / f"{number}.csv").write_text(f"{variant},{number}\n" * 50)
        manifest = {
            "apiVersion": "sagespec/v1",
            "kind": "TrainingJob",
            "name": name,
            "framework_version": "2.19",
            "entry_point": script.name,
            "role": "arn:aws:iam::123456789012:role/SageMakerRole",
            "region": "us-west-2",
            "instance_type": "ml.m5.xlarge",
            "instance_count": 1,
            "model_dir": False,
            "channels": {"train": {"path": f"data_{variant}"}},
            "environment": {"VARIANT": variant},
        }
        (self.folder / f"{name}.yaml").write_text(json.dumps(manifest))

    def delete(self, name: str) -> None:
        if self.variants.pop(name, None) is not None:
            (self.folder / f"{name}.yaml").unlink()

    def rename(self, old: str, new: str) -> None:
        if old in self.variants:
            variant = self.variants[old]
            self.delete(old)
            self.write(new, variant)

    # What apply does ----------------------------------------------------------------------------------------------

    def requests(self) -> list[Request]:
        return self.compiled()[0]

    def compiled(self) -> tuple[list[Request], Gone]:
        """The requests of the manifests as they are now, and what they say of jobs that none of them describes."""
        compiler = Compiler(Options(Inputs()))
        results = list(compiler.run([str(self.folder)]))
        requests = [result.request for result in results if result.request is not None]
        return requests, Evidence(compiler.survey, compiler.project_of)

    def plan(self, options: PlanOptions, session: Any = None) -> tuple[Plan, Applier]:
        service = SageMaker("us-west-2", session=session, creates_per_second=1000)
        applier = Applier(service, sleep=self.aws.advance)
        requests, gone = self.compiled()
        plan = decide_all(requests, service.observe(requests, projects=options.prune), options, gone)
        self.named |= {job.job_name for change in plan.changes for job in change.stops}
        return plan, applier

    def apply(self, options: PlanOptions, session: Any = None) -> list[Outcome]:
        plan, applier = self.plan(options, session)
        return list(applier.apply(plan, options))

    # What must be true --------------------------------------------------------------------------------------------

    def _created(self, job: Job) -> None:
        """At the very moment of a creation: its code and data are there, whole, and it follows on a failed attempt."""
        uri = json.loads(job.request["HyperParameters"]["sagemaker_submit_directory"])
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if self.aws.sha256(bucket, key) != key.split("/")[-2]:
            self.broken.append(f"{job.name}: its archive is not what its key says")
        data = self.folder / f"data_{job.request['Environment']['VARIANT']}"
        (channel,) = job.request["InputDataConfig"]
        bucket, _, prefix = channel["DataSource"]["S3DataSource"]["S3Uri"].removeprefix("s3://").partition("/")
        for file in data.iterdir():
            if self.aws.sha256(bucket, prefix + file.name) != hashlib.sha256(file.read_bytes()).hexdigest():
                self.broken.append(f"{job.name}: its data are not those of {data.name}")
        tags = job.tags[-1][1]
        attempt = int(tags["sagespec:attempt"])
        first = job.name if attempt == 1 else job.name.removesuffix(f"-r{attempt}")
        before = first if attempt == 2 else f"{first}-r{attempt - 1}"
        if attempt > 1:
            reason = self.aws.jobs[before].get("FailureReason", "") if before in self.aws.jobs.jobs else "is not there"
            if not reason.startswith("CapacityError"):
                self.broken.append(f"{job.name}: {before} needs no other attempt ({reason})")

    def _stopped(self, job: Job) -> None:
        """At the very moment of a stop: somebody asked for it, and the manifests do not want this job."""
        tags = job.tags[-1][1]
        wanted = {(request.name, request.digest) for request in self.requests()}
        if not self.stopping or (tags["sagespec:name"], tags["sagespec:digest"]) in wanted:
            self.broken.append(f"{job.name} was stopped")
        elif job.name not in self.named and not self._is_said(job.name):
            self.broken.append(f"{job.name} was stopped, and no plan has named it")

    def _is_said(self, job_name: str) -> bool:
        """Whether an applier's plan has shown a job as one to stop."""
        lines = (line for path in self.said for line in path.read_text(errors="replace").splitlines())
        return any(job_name in line for line in lines if line.startswith(("- stop", "± replace")))

    def wrongs(self) -> Iterator[str]:
        """What is not as it must be, after all has been run again in peace."""
        yield from self.wrongs_so_far()
        attempted = {
            (effect.detail["sagespec:name"], effect.detail["sagespec:digest"])
            for effect in self.aws.jobs.done("CreateTrainingJob")
        }
        for request in self.requests():
            if (request.name, request.digest) not in attempted:
                yield f"{request.name}: nothing was created"

    def wrongs_so_far(self) -> Iterator[str]:
        """What must not be at any time."""
        yield from self.broken
        created = [effect.job_name for effect in self.aws.jobs.done("CreateTrainingJob")]
        if len(created) != len(set(created)):
            yield f"created twice: {created}"
        attempts: dict[tuple[str, str], list[int]] = defaultdict(list)
        for effect in self.aws.jobs.done("CreateTrainingJob"):
            tags = effect.detail
            attempts[tags["sagespec:name"], tags["sagespec:digest"]].append(int(tags["sagespec:attempt"]))
        for key, numbers in attempts.items():
            if numbers != list(range(1, len(numbers) + 1)) or len(numbers) > 3:
                yield f"{key}: attempts {numbers}"
        for name in self.aws.objects():
            if "/code/" in name and self.aws.sha256(*name.split("/", 1)) != name.split("/")[-2]:
                yield f"{name} is not whole"
        if self.aws.jobs.done("DeleteTrainingJob"):
            yield "something was deleted"
