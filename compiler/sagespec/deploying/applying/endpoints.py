"""Does what a plan says about endpoints. Running it again after any interruption finishes the work.

What an endpoint is asked for is written into its tags before it is asked: a rolled-back update can then be
distinguished from one that never began. The name is the lock of a creation; for a change, the service takes one at
a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from sagespec.building.request import Request, Upload
from sagespec.building.tags import ARTIFACT, DIGEST, PREVIOUS, SINCE
from sagespec.deploying.applying.applier import Applier, Outcome
from sagespec.deploying.planning.endpoints.planner import decide_endpoint
from sagespec.deploying.planning.observed import ObservedEndpoint, moment
from sagespec.deploying.planning.ownership import is_own, whose
from sagespec.deploying.planning.plan import Action, Change, PlanOptions
from sagespec.deploying.services import EndpointService, InProgress, NameTaken, NoSuchJob, ServiceError

_GO_ON = frozenset({Action.CREATE, Action.UPDATE, Action.SCALE, Action.TAG, Action.KEEP, Action.CLEAN})
"""What may follow on a wait or a deletion that a plan has shown."""
_CHANGED = "look at a new plan: sagespec plan PATH…"


class EndpointApplier(Applier):
    """Carries out changes of endpoints in one service. Safe to share between threads."""

    @property
    def endpoints(self) -> EndpointService:
        return cast(EndpointService, self.service)

    def _do(self, change: Change, options: PlanOptions) -> Outcome:
        do = _DO.get(change.action)
        if do is None or (change.request is not None and change.request.serving.waits_for):
            return Outcome(change)
        return do(self, change, options)

    # A creation -----------------------------------------------------------------------------------------------------

    def _create_one(self, change: Change, options: PlanOptions) -> Outcome:
        request = _request(change)
        self._prepare(request, check_role=request.role_by_name)
        self.endpoints.prepare(request)
        try:
            self.endpoints.create(request, 1)
        except NameTaken as taken:
            return self._is_there(change, request, taken)
        return Outcome(change)

    def _is_there(self, change: Change, request: Request, taken: NameTaken) -> Outcome:
        """Names are unique, so the name is the lock: whoever came first has created the very endpoint that we want."""
        found = self.endpoints.describe(request.name)
        if not is_own(request, found):
            exists = f"the endpoint {found.job_name} exists and does not belong to this manifest ({whose(found)})"
            raise ServiceError(
                f"{exists}: {taken.message}", "give the manifest another name, or look at: sagespec plan"
            ) from None
        if found.asked != request.content_name:
            message = f"the endpoint {found.job_name} was created meanwhile, for another state of the manifest"
            raise ServiceError(message, "run apply again") from None
        return Outcome(change._replace(seen=found), adopted=True)

    def _prepare(self, request: Request, *, check_role: bool) -> None:
        role = request.template.get("ExecutionRoleArn")
        if check_role and role:
            self._once(("role", role), lambda: self.service.check_role(role))
        for upload in request.uploads:
            self._once(("upload", upload.uri), lambda upload=upload: self._upload(request, upload))  # type: ignore[misc]

    def _upload(self, request: Request, upload: Upload) -> None:
        self.service.upload(upload, self.progress, request.serving.kms_key or None)

    # A change -------------------------------------------------------------------------------------------------------

    def _update_one(self, change: Change, options: PlanOptions) -> Outcome:
        request, planned = _request(change), _observed(change)
        self._prepare(request, check_role=False)
        self.endpoints.prepare(request)
        now = self.endpoints.describe(request.name)
        if now.pending == request.content_name or now.config == request.content_name:
            return Outcome(change._replace(seen=now), adopted=True)
        if now.status not in ObservedEndpoint.lifecycle.settled:
            return self._has_begun(change, request)
        if now.config != planned.config or not is_own(request, now):
            message = f"{now.job_name} has changed since the plan was made: {now.status} with {now.config}"
            raise ServiceError(message, _CHANGED)
        add, remove = request.tag_changes(now.tags, 1)
        mark = {DIGEST: request.digest, PREVIOUS: now.config, SINCE: moment(now.modified)}
        mark |= {key: value for key, value in request.tags.items() if key == ARTIFACT}
        self.service.tag(request.name, {**add, **mark}, remove)
        deployment = request.calls[-1].template.get("DeploymentConfig")
        members = {**change.live, **({"DeploymentConfig": deployment} if deployment else {})}
        for call in request.serving.changing:
            members |= {name: value for name, value in call.template.items() if name != "EndpointConfigName"}
        try:
            self.endpoints.deploy(request.name, request.content_name, members)
        except InProgress:
            return self._has_begun(change, request)
        return Outcome(change)

    def _has_begun(self, change: Change, request: Request) -> Outcome:
        """Something is in progress: our own update, whose answer got lost, or another applier's, or somebody else's."""
        now = self.endpoints.describe(request.name)
        if request.content_name not in (now.pending, now.config):
            to = f" to {now.pending}" if now.pending else ""
            message = (
                f"{now.job_name} is {now.status}{to} because of another change, and accepts no other until that is over"
            )
            raise ServiceError(message, "run apply again when it is over") from None
        return Outcome(change._replace(seen=now), adopted=True)

    def _scale_one(self, change: Change, options: PlanOptions) -> Outcome:
        self.endpoints.scale(_request(change).name, change.live["DesiredWeightsAndCapacities"])
        self._tag(_request(change), _observed(change), 1)
        return Outcome(change)

    def _tag_one(self, change: Change, options: PlanOptions) -> Outcome:
        self._tag(_request(change), _observed(change), 1)
        return self._clean_one(change, options) if change.removes else Outcome(change)

    def _tag(self, request: Request, seen: object, attempt: int) -> None:
        add, remove = request.tag_changes(cast(ObservedEndpoint, seen).tags, attempt)
        if add or remove:
            self.service.tag(request.name, add, remove)

    def _clean_one(self, change: Change, options: PlanOptions) -> Outcome:
        """Removes what nothing uses, if the endpoint still serves what it is asked for."""
        request = _request(change)
        now = self.endpoints.describe(request.name)
        if now.status != "InService" or now.config != request.content_name:
            return Outcome(change, notes=(f"nothing was removed: {now.job_name} is {now.status} with {now.config}",))
        left = [self.endpoints.discard(revision) for revision in change.removes]
        return Outcome(change, notes=tuple(filter(None, left)))

    # An end ---------------------------------------------------------------------------------------------------------

    def _wait_one(self, change: Change, options: PlanOptions) -> Outcome:
        self._quiet(_request(change).name)
        return self._go_on(change, options)

    def _replace_one(self, change: Change, options: PlanOptions) -> Outcome:
        request = _request(change)
        self._prepare(request, check_role=True)
        self.endpoints.prepare(request)
        self._delete(_observed(change))
        try:
            done = self._go_on(change, options)
        except ServiceError as error:
            message = f"{request.name} was deleted, and could not be created again: {error.message}"
            hint = f"{error.hint}; " if error.hint else ""
            return Outcome(change, ServiceError(message, f"{hint}then run apply again: it creates {request.name}"))
        return replace(done, change=change._replace(seen=done.change.seen))

    def _go_on(self, change: Change, options: PlanOptions) -> Outcome:
        """Decides again once something has ended, and does that, if it is what the plan has shown."""
        request = _request(change)
        while True:
            found = {seen.job_name: seen for seen in self.endpoints.observe([request])}
            again = decide_endpoint(request, found.get(request.name), options._replace(replace=False, rerun=False))
            if again.action is not Action.WAIT:
                break
            self._quiet(request.name)
        if again.action not in _GO_ON:
            return Outcome(again, ServiceError(f"the plan is out of date: {again.reason}", "run apply again"))
        return self._do(again, options)

    def _delete_one(self, change: Change, options: PlanOptions) -> Outcome:
        self._delete(_observed(change))
        left = [self.endpoints.discard(revision) for revision in change.removes]
        return Outcome(change, notes=tuple(filter(None, left)))

    def _delete(self, seen: ObservedEndpoint) -> None:
        """Deletes the endpoint that a plan names, if it is still the one that it has named, and waits until it is gone:
        until then it is paid for."""
        try:
            now = self._quiet(seen.job_name)
        except NoSuchJob:
            return
        if (now.project, now.environment, now.name, now.digest) != (
            seen.project,
            seen.environment,
            seen.name,
            seen.digest,
        ):
            message = f"{seen.job_name} is not the endpoint that the plan showed: {whose(now)}; it is not deleted"
            raise ServiceError(message, _CHANGED)
        self.service.stop(seen.job_name)
        self._until(seen.job_name, lambda _: False, "to be gone")

    def _quiet(self, name: str) -> ObservedEndpoint:
        """Waits until nothing is in progress; an endpoint that is being deleted, until it is gone.

        Raises:
            NoSuchJob: it is gone.
        """
        settled = ObservedEndpoint.lifecycle.settled
        found = self._until(name, lambda seen: seen.status in settled, "to take changes again")
        if found is None:
            raise NoSuchJob(f"there is no endpoint {name}")
        return found

    def _until(self, name: str, over: Callable[[ObservedEndpoint], bool], what: str) -> ObservedEndpoint | None:
        """Waits for an endpoint; None where it is gone.

        Raises:
            ServiceError: it took longer than anybody should wait.
        """
        pause, waited = 1.0, 0.0
        while True:
            try:
                seen = self.endpoints.describe(name)
            except NoSuchJob:
                return None
            if over(seen):
                return seen
            if waited >= self.patience:
                message = f"{name} is still {seen.status} after {self.patience:.0f} s"
                raise ServiceError(
                    message, "it may be paid for: sagespec status shows it; run apply again when it is over"
                )
            self.progress(f"waiting for {name} {what} ({seen.secondary or seen.status})", 0, 0)
            self.sleep(pause)
            waited += pause
            pause = min(2 * pause, 15.0)


def _request(change: Change) -> Request:
    assert change.request is not None  # every action but DELETE is about a manifest
    return change.request


def _observed(change: Change) -> ObservedEndpoint:
    assert isinstance(change.seen, ObservedEndpoint)
    return change.seen


_DO: dict[Action, Callable[[EndpointApplier, Change, PlanOptions], Outcome]] = {
    Action.CREATE: EndpointApplier._create_one,
    Action.UPDATE: EndpointApplier._update_one,
    Action.SCALE: EndpointApplier._scale_one,
    Action.TAG: EndpointApplier._tag_one,
    Action.ADOPT: EndpointApplier._tag_one,
    Action.CLEAN: EndpointApplier._clean_one,
    Action.WAIT: EndpointApplier._wait_one,
    Action.REPLACE: EndpointApplier._replace_one,
    Action.DELETE: EndpointApplier._delete_one,
}
"""What keeps or refuses does nothing."""
