"""A folder with endpoints that people edit, and plan and apply in this process, on the time of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from conftest import ENDPOINT
from fakes.endpoints import Endpoints
from fakes.fixtures import Aws, session_of
from sagespec.base.diagnostic import has_errors
from sagespec.building.request import Destination, Request
from sagespec.deploying.applying.applier import Outcome
from sagespec.deploying.applying.endpoints import EndpointApplier
from sagespec.deploying.planning.endpoints.planner import decide_endpoints
from sagespec.deploying.planning.observed import ObservedEndpoint
from sagespec.deploying.planning.plan import Action, Plan, PlanOptions
from sagespec.deploying.planning.pruning import Evidence, Gone
from sagespec.deploying.services.sagemaker.endpoints import SageMakerEndpoints
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

LONG = 3600.0
"""Seconds after which nothing is in progress any more."""


class Serving:
    """Manifests of endpoints, and what plan and apply make of them."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.aws, self.folder = aws, folder
        (folder / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: vision\n")

    @property
    def endpoints(self) -> Endpoints:
        return self.aws.jobs.endpoints

    # What people do ---------------------------------------------------------------------------------------------------

    def write(self, name: str = "mnist", **over: Any) -> Path:
        fields = {key: value for key, value in {**ENDPOINT, "name": name, **over}.items() if value is not None}
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(fields, sort_keys=False))
        return path

    def model(self, variant: str, name: str = "mnist", **over: Any) -> Path:
        """Another model: a variable of its container says which."""
        return self.write(name, env={"VARIANT": variant}, **over)

    # What apply does --------------------------------------------------------------------------------------------------

    def service(self) -> SageMakerEndpoints:
        return SageMakerEndpoints("us-west-2", session=session_of(), sleep=self.aws.advance)

    def compiled(self) -> tuple[list[Request], Gone]:
        compiler = Compiler(Options(Inputs()))
        results = list(compiler.run([str(self.folder)]))
        assert not any(has_errors(result.diagnostics) for result in results), [each.diagnostics for each in results]
        return [r.request for r in results if r.request is not None], Evidence(compiler.survey, compiler.project_of)

    def plan(self, **options: bool) -> Plan:
        requests, gone = self.compiled()
        given = PlanOptions(**options)
        return decide_endpoints(requests, self.service().observe(requests, projects=given.prune), given, gone)

    def apply(self, **options: bool) -> list[Outcome]:
        plan = self.plan(**options)
        applier = EndpointApplier(self.service(), sleep=self.aws.advance)
        return list(applier.apply(plan, PlanOptions(**options)))

    def applied(self, **options: bool) -> Action:
        """Applies what must be one change, which must come off, and lets it come true."""
        (outcome,) = self.apply(**options)
        assert outcome.error is None, outcome.error
        self.aws.advance(LONG)
        return outcome.change.action

    def seen(self, name: str = "mnist") -> ObservedEndpoint:
        (request,) = [each for each in self.compiled()[0] if each.name == name]
        (seen,) = self.service().observe([request])
        return seen

    def site(self) -> Destination:
        return Destination("us-west-2", "123456789012")
