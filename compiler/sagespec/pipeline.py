"""Runs the left half: text → document → model → checked → draft → request, for every manifest under some paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import zip_longest
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from sagespec.base.diagnostic import (
    Diagnostic,
    Edit,
    Finding,
    Rejected,
    Related,
    Severity,
    bounded,
    has_errors,
    in_order,
)
from sagespec.base.files import Files
from sagespec.base.named import NamedTuple
from sagespec.base.repository import path_in_repository, repository_of
from sagespec.base.source import Path, Place, Source
from sagespec.building.draft import account_of
from sagespec.catalog import Facts, facts, near
from sagespec.checking.allowances import Allowances
from sagespec.checking.check import Checked, check
from sagespec.checking.claims import Claim, Claims, Holder, conflict
from sagespec.checking.context import Context
from sagespec.checking.verdicts import Verdicts
from sagespec.kinds import KINDS, Kind, kind_named, vocabulary_of
from sagespec.kinds.explained import GLOSSARY, current
from sagespec.kinds.lifecycle import Nature
from sagespec.reading import discovery
from sagespec.reading.binding import Bound, bind
from sagespec.reading.document import MAX_BYTES, Document, decode, load, read
from sagespec.reading.project_facts import SETTING, ProjectFacts
from sagespec.reading.render import Defaults, Inputs, Manifest, environments_of, is_ours, render, standing_alone
from sagespec.scripts import Scripts, comments

if TYPE_CHECKING:  # what makes and prices requests is imported where one is made
    from sagespec.building.draft import Draft, Packing, Trained
    from sagespec.building.pricing import Pricing, Totals
    from sagespec.building.request import Destination, Request

LOCAL_REGION, LOCAL_ACCOUNT = "us-east-1", "000000000000"
"""Where a local run is, as far as its request has to say so."""
STDIN = "-"
OUR_KINDS = frozenset({*KINDS, "Defaults"})


class Result(NamedTuple):
    """What became of one job of one manifest (or of a manifest that describes none that can be read)."""

    manifest: str
    diagnostics: tuple[Diagnostic, ...] = ()
    name: str | None = None
    rendered: Manifest | None = None
    """The manifest with everything filled in; None where nothing could be read."""
    checked: Checked | None = None
    """None when it was refused."""
    request: Request | None = None
    """None when it was refused, or only validated."""
    ends: bool = False
    """Nothing behind it in the file could be read."""


class Options(NamedTuple):
    """What one run is asked for, besides its paths."""

    inputs: Inputs = Inputs()
    allowed: Collection[str] = ()
    """Rules that say nothing (`--allow`)."""
    build: bool = True
    """Seal requests; otherwise only judge what they would be."""
    local: bool = False
    """The jobs are to run on this machine."""
    account: str | None = None
    """The account, where no manifest says it."""
    ask_account: Callable[[], str] | None = None
    """Asks the service for the account, when neither does: apply's way."""
    trained: Callable[[str, str, Request], Trained] | None = None
    """Finds the training job whose model is served: the way of plan and apply. Without it, what the manifest of that
    job promises is taken."""
    archive_at: Callable[[str, Request], str] | None = None
    """Says what the content of a model's archive is known by: the way of plan and apply."""
    every_environment: bool = True
    """Without an environment, manifests that are only judged are judged in all that their defaults declare."""
    only: Collection[str] = ()
    """Patterns of names (`sweep-*`): manifests of other names are passed over."""
    alone: bool = False
    """What manifests have to do with one another is not looked at."""


class Compiler:
    """One run: what several manifests share is read, analysed and packed once."""

    def __init__(
        self, options: Options | None = None, knowledge: Facts | None = None, files: Files | None = None
    ) -> None:
        """
        Args:
            files: the file system, with texts over it that are not saved yet.
        """
        self.options = options or Options()
        self.facts = knowledge or facts()
        self.known = ProjectFacts(self.facts)
        self.files = Files() if files is None else files
        self.defaults = Defaults(self.files)
        self.scripts = Scripts(self.files)
        self.verdicts = Verdicts()
        self.allowances = Allowances(GLOSSARY)
        self.allowed = frozenset(map(current, self.options.allowed))
        self.survey = discovery.Survey()
        self._account: str | None = None
        self.claims = Claims()
        self._paths: tuple[str, ...] = ()
        self._jobs: dict[tuple[str | None, ...], list[Result]] = {}

    @cached_property
    def packing(self) -> Packing:
        from sagespec.building.draft import Packing

        return Packing(self.files)

    @cached_property
    def totals(self) -> Totals:
        from sagespec.building.pricing import Totals

        return Totals()

    @cached_property
    def pricing(self) -> Pricing:
        from sagespec.building.pricing import Pricing

        return Pricing(self.files)

    def run(self, paths: Iterable[str]) -> Iterator[Result]:
        """One result a job, in input order. Nothing is raised for what an author did."""
        paths = list(dict.fromkeys(map(str, paths)))
        self._paths = tuple(path for path in paths if path != STDIN)
        named = {os.path.abspath(path) for path in paths}  # noqa: PTH100 - pathlib takes its time
        read = set[str]()
        for path in paths:
            for name, why in self.survey.files(path):
                file = name if name == STDIN else os.path.abspath(name)  # noqa: PTH100
                if file in read or (file in named and name != path):
                    continue  # it is given twice, or by its own name as well
                read.add(file)
                yield from self.file(name, explicit=name == path) if not why else self.passed_over(name, why)
        yield from self._together()
        leftover = self._unused()
        if leftover:
            yield Result(leftover[0].path, leftover)

    def _together(self) -> Iterator[Result]:
        """What only all jobs of a run show: what they may cost together."""
        for found in self.totals.exceeded() if "totals" in self.__dict__ else ():
            if found.rule not in self.allowed:
                yield self.refused(found.path, (found,))

    def file(self, name: str, *, explicit: bool) -> Iterator[Result]:
        """The jobs of one file. A file that was found in a folder is passed over unless it is meant for us."""
        try:
            source = (
                decode(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>", FilePath.cwd())
                if name == STDIN
                else load(str(FilePath(name)) if explicit else name, files=self.files)
            )
        except Rejected as rejected:
            yield from self.unreadable(name, rejected, explicit=explicit)
            return
        if not explicit and discovery.is_pointer(source):
            yield from self._unknown(name, discovery.POINTER)
        elif explicit or discovery.may_be_ours(source.text, OUR_KINDS):
            yield from self.source(source, explicit=explicit)
        else:
            self.survey.read(name, manifest=False)

    def unreadable(self, name: str, rejected: Rejected, *, explicit: bool) -> Iterator[Result]:
        """A file that is no text, or cannot be read at all: in a folder, it may be somebody else's."""
        why = rejected.diagnostics[0]
        if explicit or discovery.mentions_us(name):
            self.survey.unread[name] = why.message
            yield Result(name, rejected.diagnostics)
        elif discovery.is_ciphertext(name):
            yield from self._unknown(name, discovery.CIPHERTEXT)
        elif why.rule == "unreadable-file":
            yield from self._unknown(name, f"it {why.message}")
        else:
            self.survey.read(name, manifest=False)

    def passed_over(self, name: str, why: str) -> Iterator[Result]:
        """A file that is not read for where it lies."""
        try:
            found = discovery.hidden(load(name, files=self.files), why)
        except Rejected:
            return
        if found is not None:
            self.survey.unread[name] = why
            yield self.refused(name, (found,))

    def _unknown(self, name: str, why: str) -> Iterator[Result]:
        self.survey.unread[name] = why
        yield self.refused(name, (discovery.unknown(name, why),))

    def project_of(self, folder: FilePath) -> FilePath | None:
        """What the paths of manifests in a folder are relative to: the repository, else the farthest defaults' folder;
        None where there is neither."""
        repository = repository_of(folder)
        if repository is not None:
            return repository
        above = self.defaults.above(folder)
        return above[-1].source.folder if above else None

    def source(self, source: Source, *, explicit: bool = True) -> Iterator[Result]:
        """The jobs of one text."""
        self.allowances.read(source)
        found, manifest, aside = False, False, []
        try:
            for document in read(source):
                ours = explicit or is_ours(document)
                said = discovery.misplaced_defaults(document) if ours else discovery.passed_over(document, OUR_KINDS)
                aside += [said] if said is not None else []
                if ours:
                    found = True
                    manifest = manifest or not _is_defaults(document)
                    yield from self.document(document)
        except Rejected as rejected:
            found = True
            yield self.refused(source.name, rejected.diagnostics)._replace(ends=True)
        if aside:
            self.survey.unread[source.name] = aside[0].message
            yield self.refused(source.name, aside)
        else:
            self.survey.read(source.name, manifest=manifest)
        if not found and explicit:
            empty = Diagnostic(
                Place(source),
                Severity.ERROR,
                "empty-manifest",
                "there is no manifest here",
                "sagespec init writes one to start from",
            )
            yield self.refused(source.name, (empty,))
        unused = self._unused(source)
        if unused:
            yield Result(source.name, unused)

    def _unused(self, source: Source | None = None) -> tuple[Diagnostic, ...]:
        """Allowances that silence nothing. A run on this machine breaks fewer rules: none is said to be left over."""
        left_over = self.allowances.unused(source)
        return () if self.options.local else left_over

    def document(self, document: Document) -> Iterator[Result]:
        """The jobs of one document."""
        source = document.source
        stated = document.data.get("kind") if isinstance(document.data, dict) else None
        if _is_defaults(document):
            yield from self.defaults_alone(document)
            return
        stranger = None if is_ours(document) else _stranger(document)
        if stranger is not None:
            yield self.refused(source.name, (stranger,))
            return
        if isinstance(stated, str) and stated not in KINDS:
            yield self.refused(source.name, (*document.problems, _unknown_kind(document, stated)))
            return
        kind = kind_named(stated if isinstance(stated, str) else "TrainingJob")
        try:
            above = self.defaults.above(source.folder)
            environments = environments_of(above) if self._judges_all_environments else ()
        except Rejected as rejected:
            yield self.refused(source.name, (*document.problems, *rejected.diagnostics))
            return
        if not environments:
            yield from self._in_one(self.options.inputs.environment, document, above, kind)
            return
        runs = {name: list(self._in_one(name, document, above, kind)) for name in environments}
        for together in zip_longest(*runs.values()):
            yield _merged({name: result for name, result in zip(runs, together, strict=True) if result is not None})

    @property
    def _judges_all_environments(self) -> bool:
        options = self.options
        return options.every_environment and not options.build and options.inputs.environment is None

    def _in_one(
        self, environment: str | None, document: Document, above: tuple[Document, ...], kind: Kind
    ) -> Iterator[Result]:
        inputs = self.options.inputs._replace(environment=environment)
        try:
            for manifest in render(document, above, inputs, vocabulary_of(kind.name)):
                if self._is_meant(manifest):
                    yield self.manifest(manifest, kind)
        except Rejected as rejected:
            yield self.refused(document.source.name, (*document.problems, *rejected.diagnostics))

    def _is_meant(self, manifest: Manifest) -> bool:
        name = str(manifest.data.get("name"))
        return not self.options.only or any(fnmatchcase(name, pattern) for pattern in self.options.only)

    def defaults_alone(self, document: Document) -> Iterator[Result]:
        """What is wrong with a Defaults document whoever uses it: no field is missing from one."""
        found: list[Diagnostic] = []
        for name, manifest in standing_alone(document, [vocabulary_of(kind) for kind in KINDS]):
            complaints = bind(manifest, kind_named(name).model).diagnostics
            found += [*manifest.problems, *(each for each in complaints if not _missing_from_job(each))]
        setting = document.data.get(SETTING) if isinstance(document.data, dict) else None
        found += self.known.complaints(setting, document.where)
        yield self.refused(document.source.name, found)

    def manifest(self, manifest: Manifest, kind: Kind) -> Result:
        """What becomes of one job: everything that there is to say of it, and its request where that is asked for."""
        source = manifest.document.source
        for layer in manifest.layers[1:]:
            self.allowances.read(layer.document.source)
        name = manifest.data.get("name")
        name = name if isinstance(name, str) else None
        found, checked = self._checked(manifest, kind)
        manifest = checked.manifest
        found = [*found, *self.known.complaints(manifest.settings.get(SETTING), manifest.where)]
        site = self._site(checked.job, kind)
        draft = self._draft(checked, kind, site)
        found = [*found, *self._conflicts(checked, kind, site), *self._served(checked)]
        found += self._judged(manifest, kind, draft, found)
        request = None
        if self.options.build and not has_errors(found):
            request, complaints = self._sealed(manifest, kind, draft)
            found += complaints
        allowed = self.allowed
        kept = self.allowances.kept(diagnostic for diagnostic in found if diagnostic.rule not in allowed)
        if has_errors(kept):
            return Result(source.name, kept, name, manifest)
        return Result(source.name, kept, name, manifest, checked, request)

    def _checked(self, manifest: Manifest, kind: Kind) -> tuple[list[Diagnostic], Checked]:
        """What the model and the rules say of a job. With errors the job is partial, or at least not to be trusted."""
        bound: Bound[Any] = bind(manifest, kind.model)
        context = self.context(bound.model, manifest, kind)
        try:
            checked = check(bound, context, kind.rules, self.verdicts, self.allowed)
            return list(checked.warnings), checked
        except Rejected as rejected:
            return list(rejected.diagnostics), Checked(bound.manifest, bound.model)
        finally:
            self._read_allowances(context)

    def drafted(self, manifest: Manifest, kind: Kind) -> Draft:
        """What would be sent for a job, as far as its fields are right; nothing is said of what is wrong."""
        _, checked = self._checked(manifest, kind)
        return self._draft(checked, kind, self._site(checked.job, kind))

    def context(self, job: Any, manifest: Manifest, kind: Kind) -> Context:
        return kind.context(
            job,
            self.known.facts(manifest.settings.get(SETTING)),
            manifest.document.source.folder,
            region=self._region(job),
            account=self._account_of(job, kind),
            local=self._runs_here(job),
            scripts=self.scripts,
            files=self.files,
        )

    def _draft(self, checked: Checked, kind: Kind, site: Destination) -> Draft:
        from sagespec.building import draft

        manifest = checked.manifest
        folder = manifest.document.source.folder
        inputs = draft.DraftInputs(
            self.known.facts(manifest.settings.get(SETTING)),
            site,
            folder,
            self.packing,
            _manifest_name(manifest, folder),
            self.options.inputs.commit,
            self._trained if self.options.build else None,
            self.options.archive_at if self.options.build else None,
        )
        return kind.draft(checked.job, manifest, inputs)

    def _trained(self, name: str, project: str, of: Request) -> Trained:
        """The training job whose model is served; of one that is waited for, what its manifest promises."""
        if self.options.trained is None:
            return self._promised(name, project, of)
        found = self.options.trained(name, project, of)
        return found._replace(body=self._promised(name, project, of).body) if found.waits_for else found

    def _promised(self, name: str, project: str, of: Request) -> Trained:
        """What the TrainingJob manifest of a name promises. Nothing where there is no such manifest, or it is wrong."""
        from sagespec.building.draft import Trained
        from sagespec.building.promised import promised_by

        wanted = (name, project, of.environment, of.site.region)
        beside = self._beside(of.manifest, of.environment)
        found = [result.request for result in beside if result.request is not None]
        same = (job for job in found if (job.name, job.project, job.environment, job.site.region) == wanted)
        return next((promised_by(job) for job in same if not job.site.local), Trained())

    def _beside(self, manifest: str, environment: str | None) -> list[Result]:
        """The training jobs that are described under the paths of this run, or beside a manifest."""
        folder = os.path.dirname(manifest)  # noqa: PTH120
        roots = (*self._paths, *([folder or "."] if os.path.isfile(manifest) else ()))  # noqa: PTH113
        key = (environment or None, *roots)
        if key not in self._jobs:
            from sagespec.building.draft import Trained

            inputs = self.options.inputs._replace(environment=key[0])
            options = self.options._replace(
                inputs=inputs, trained=lambda *_: Trained(), archive_at=None, only=(), alone=True
            )
            results = Compiler(options, self.facts, self.files).run(roots)
            trainer = kind_named("TrainingJob").model
            self._jobs[key] = [each for each in results if each.checked and isinstance(each.checked.job, trainer)]
        return self._jobs[key]

    def _served(self, checked: Checked) -> Iterator[Diagnostic]:
        """A script whose model the endpoint's server cannot load: the manifest of `training_job` names it."""
        manifest, name = checked.manifest, checked.job.members().get("training_job")
        if name is None or self.options.alone:
            return
        from sagespec.kinds.endpoint.trainer import unservable

        asked = (name, *_whose(manifest))
        for each in self._beside(manifest.document.source.name, manifest.environment):
            trainer = each.checked
            if trainer is None or (trainer.job.name, *_whose(trainer.manifest)) != asked:
                continue
            context = self.context(trainer.job, trainer.manifest, kind_named("TrainingJob"))
            finding = unservable(checked.job, context)
            if finding is not None:
                yield from self._about_script(manifest, "unservable-training-script", finding, context)
            return

    def _about_script(self, manifest: Manifest, rule: str, finding: Finding, context: Context) -> Iterator[Diagnostic]:
        """A warning at its place in the script of another manifest; the script may allow it."""
        self._read_allowances(context)
        written = manifest.where(finding.path)
        place = finding.place or written
        found = Diagnostic(place, Severity.WARNING, rule, finding.message, finding.hint, finding.path)
        related = () if finding.place is None else (Related(written, "the endpoint that is to serve its model"),)
        yield found._replace(related=related)

    def _read_allowances(self, context: Context) -> None:
        """What the comments of a job's script allow, where a rule has asked for the script."""
        script = context.__dict__.get("script")
        for source in () if script is None else script.sources:
            self.allowances.read(source, comments)

    def _judged(
        self, manifest: Manifest, kind: Kind, draft: Draft, said: Collection[Diagnostic]
    ) -> Iterator[Diagnostic]:
        """What is wrong with a draft: its files, the API's model, its price. One error is told of a field."""
        wrong = {found.field for found in said if found.severity is Severity.ERROR}
        found = [_placed(manifest, "unusable-files", each) for each in draft.unusable]
        if not draft.request.site.local:
            found += self._refused_by_api(manifest, kind, draft)
        is_told = _Said(wrong)
        fresh = [each for each in found if not is_told(each.field)]
        yield from bounded(fresh)
        yield from self._priced(manifest, kind, draft)
        if not wrong and not fresh:
            yield from (_placed(manifest, "incomplete-request", each) for each in draft.incomplete)
        if not self.options.build:  # apply can ask for the account, so that validate only warns
            accounts = (_placed(manifest, rule, each) for rule, each in draft.needed if rule == "missing-account")
            yield from (each._replace(severity=Severity.WARNING) for each in accounts)

    def _refused_by_api(self, manifest: Manifest, kind: Kind, draft: Draft) -> Iterator[Diagnostic]:
        from sagespec.building import api_check

        calls = (*draft.request.calls, *draft.request.serving.changing)
        name_members = {call.operation: call.name_member for call in calls}
        for operation, body in draft.request.samples():
            for complaint in api_check.check(body, operation):
                if complaint.kind == "enum" and "request" not in manifest.data:
                    continue  # such a list may have grown since; what the fields allow, the rules judge
                if any(complaint.about[: len(left_out)] == left_out for left_out in draft.unknown):
                    continue
                if not draft.request.name and complaint.path == (name_members[operation],):
                    continue  # that there is no name has been said
                path = _field_of(manifest, kind, operation, complaint.about) or _field_of(
                    manifest, kind, operation, complaint.path
                )
                member = ".".join(map(str, complaint.path))
                message = f"SageMaker would refuse the request: {member} {complaint.message}".replace("  ", " ")
                yield _placed(manifest, "refused-by-api", Finding(path, message))

    def _priced(self, manifest: Manifest, kind: Kind, draft: Draft) -> Iterator[Diagnostic]:
        """What there is to say of the price, where the defaults name some."""
        site = draft.request.site
        if site.local or not {"prices", "max_job_cost", "max_total_cost"} & set(manifest.settings):
            return
        from sagespec.building.pricing import judge

        try:
            priced = self._with_prices(manifest, draft)
        except Rejected as rejected:
            yield from rejected.diagnostics
            return
        bill = None if draft.unknown or priced is None else kind.bill(priced, self.facts, 1)
        yield from judge(manifest, draft.request.name, site.region, bill)
        if bill is not None and kind.lifecycle.nature is Nature.RUNS:
            self.totals.add(manifest, draft.request.name, bill)

    def _with_prices(self, manifest: Manifest, draft: Draft) -> Request | None:
        """The draft's request with what things cost in its region; None where no region is known."""
        request, region = draft.request, draft.request.site.region
        if not region:
            return None
        return request._replace(prices=self.pricing.prices(manifest, region))

    def _sealed(self, manifest: Manifest, kind: Kind, draft: Draft) -> tuple[Request | None, list[Diagnostic]]:
        from sagespec.building.archive import ArchiveError
        from sagespec.building.draft import seal

        if draft.needed:
            return None, [_placed(manifest, rule, finding) for rule, finding in draft.needed]
        if draft.unknown:
            return None, [_left_out(manifest, kind, member) for member in sorted(draft.unknown, key=str)]
        try:
            request = seal(draft)
        except ArchiveError as error:
            return None, [_placed(manifest, "unusable-files", Finding(error.field, error.message, error.hint))]
        if not request.site.local and manifest.settings.get("prices") is not None:
            request = request._replace(prices=self.pricing.prices(manifest, request.site.region))
        return request, []

    # A job may be partial here: a field that is wrong is not among its members, and reading it would raise.

    def _site(self, job: Any, kind: Kind) -> Destination:
        from sagespec.building.request import Destination

        if self._runs_here(job):
            return Destination(job.members().get("region") or LOCAL_REGION, LOCAL_ACCOUNT, local=True)
        return Destination(self._region(job) or "", self._account_of(job, kind))

    def _runs_here(self, job: Any) -> bool:
        return self.options.local or job.members().get("instance_type") in ("local", "local_gpu")

    def _region(self, job: Any) -> str | None:
        return job.members().get("region") or region_of(self.options.inputs.environ)

    def _account_of(self, job: Any, kind: Kind) -> str | None:
        """The manifest's, else the run's, else (for apply) what the service says, asked once."""
        role = _role_of(job, kind)
        account = account_of(role, job.members().get("account_id")) or self.options.account
        ask = self.options.ask_account
        if account is None and role and ask is not None and not self._runs_here(job):
            account = self._account = self._account or ask()
        return account

    def _conflicts(self, checked: Checked, kind: Kind, site: Destination) -> Iterator[Diagnostic]:
        """What the job has that another one has already.

        Requests of two files stand each by itself, so `compile` only warns of them; nobody can apply both.
        """
        between_files = Severity.WARNING if self.options.build else Severity.ERROR
        for claim in (*_name_of(checked, kind, site), *_checkpoints_of(checked)):
            holder = self.claims.holder(claim)
            if holder is not None:
                yield conflict(claim, holder, between_files=between_files)

    def refused(self, name: str, diagnostics: Iterable[Diagnostic]) -> Result:
        """What becomes of a text of which nothing could be read."""
        allowed = self.allowed  # an error that ends everything is told all the same
        kept = tuple(found for found in diagnostics if found.severity is Severity.ERROR or found.rule not in allowed)
        return Result(name, self.allowances.kept(kept))


def _name_of(checked: Checked, kind: Kind, site: Destination) -> Iterator[Claim]:
    """Two jobs of one name would be one job to the service, each replacing the other."""
    manifest = checked.manifest
    name = checked.job.members().get("name")
    if name is None:
        return
    project = str(manifest.settings.get("project", "default"))
    yield Claim(
        (kind.name, project, manifest.environment, site.account, site.region, name.lower()),
        name,
        "name",
        manifest.where(("name",)),
        ("duplicate-name", "name-in-two-files"),
        lambda other: f"'{name}' is the name of another job, at {other.file}:{other.line}",
        "let the name say what differs: {{ matrix.… }}" if manifest.matrix else "give one of them another name",
    )


def _checkpoints_of(checked: Checked) -> Iterator[Claim]:
    """Two jobs with one checkpoint location: each goes on from what the other has learned."""
    manifest, known = checked.manifest, checked.job.members()
    given, name = known.get("checkpoint_s3_uri"), known.get("name")
    if not isinstance(given, str) or not isinstance(name, str):
        return
    location = given.rstrip("/")

    def message(other: Holder) -> str:
        shared = f"'{name}' and '{other.job}' ({other.file}:{other.line}) share their checkpoints"
        return f"{shared}: each goes on from the other's"

    yield Claim(
        ("checkpoints", manifest.environment, location),
        name,
        "checkpoint_s3_uri",
        manifest.where(("checkpoint_s3_uri",)),
        ("shared-checkpoints", "checkpoints-in-two-files"),
        message,
        f"let the location hold the name: {location}/{{{{ name }}}}",
        is_shared=True,
    )


def _whose(manifest: Manifest) -> tuple[Any, str | None]:
    """(project, environment)"""
    return manifest.settings.get("project"), manifest.environment


def _stranger(document: Document) -> Diagnostic | None:
    from sagespec.reading.meant import strangers  # few files are none of ours

    fields = (kind_named(name).model.fields for name in KINDS)
    return strangers.diagnosed(document, {"apiVersion", "kind", "matrix"}.union(*fields))


def _is_defaults(document: Document) -> bool:
    return isinstance(document.data, dict) and document.data.get("kind") == "Defaults"


def _missing_from_job(found: Diagnostic) -> bool:
    return found.rule == "missing-field" and len(found.field) == 1


def region_of(environ: Mapping[str, str]) -> str | None:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None


def _role_of(job: Any, kind: Kind) -> str | None:
    """The role of a job that may be partial: the field's, else the one that `request:` gives."""
    known = job.members()
    value: Any = known.get("request", {})
    for step in kind.role_member:
        value = value.get(step) if isinstance(value, Mapping) else None
    return known.get("role") or (value if isinstance(value, str) else None)


def _manifest_name(manifest: Manifest, folder: FilePath) -> str:
    """The manifest's path in its repository, so that it is the same in every clone; outside of one, its path below the
    farthest of its defaults."""
    name = os.path.basename(manifest.document.source.name)  # noqa: PTH119
    inner = path_in_repository(folder)
    if not inner and len(manifest.layers) > 1 and repository_of(folder) is None:
        above = manifest.layers[-1].document.source.folder.absolute()
        inner = folder.absolute().relative_to(above).as_posix()
    return f"{inner}/{name}" if inner not in ("", ".") else name


def _unknown_kind(document: Document, stated: object) -> Diagnostic:
    names = (*KINDS, "Defaults")
    meant = near(str(stated), names)
    message = f"there is no kind '{str(stated)[:60]}'"
    hint = f"did you mean {meant}?" if meant else f"write one of {', '.join(names)}"
    place = document.where(("kind",))
    fix = (Edit(place.span, meant),) if meant and meant.lower() == str(stated).lower() else ()
    return Diagnostic(place, Severity.ERROR, "unknown-kind", message, hint, ("kind",), fix)


def _placed(manifest: Manifest, rule: str, finding: Finding) -> Diagnostic:
    place = manifest.where(finding.path)
    return Diagnostic(place, Severity.ERROR, rule, finding.message, finding.hint, finding.path)


def _left_out(manifest: Manifest, kind: Kind, member: Path) -> Diagnostic:
    """A member that cannot be made although nobody complains: an error that says why is silenced."""
    fields = (kind.field_of(operation, member) for operation in kind.overrides)
    field = next((field for field in fields if field is not None), None)
    message = f"{'.'.join(map(str, member))} cannot be made of a wrong value, whatever is allowed"
    finding = Finding(() if field is None else (field,), message, "mend the value that --allow keeps silent about")
    return _placed(manifest, "incomplete-request", finding)


class _Said:
    """Whether an error has been told of a field, of something in it, or of what it stands in."""

    def __init__(self, wrong: Iterable[Path]) -> None:
        self._wrong = {path for path in wrong if path}
        self._above = {path[:length] for path in self._wrong for length in range(len(path))}

    def __call__(self, field: Path) -> bool:
        return field in self._above or any(field[:length] in self._wrong for length in range(1, len(field) + 1))


def _field_of(manifest: Manifest, kind: Kind, operation: str, member: Path) -> Path:
    """The field that a member of a request comes from; where it overrides it, if it was set there."""
    if not member:
        return ()
    at = kind.overrides[operation]
    overridden = _there(manifest.data, (*at, *member))
    if len(overridden) == len(at) + len(member):
        return overridden
    field = kind.field_of(operation, member)
    if field is None:
        return ()
    if field not in manifest.data and kind.field_of(operation, overridden[len(at) :]) == field:
        return overridden  # the override sets what the field is for, and lacks something of it
    inside = member[1:] if field in ("hyperparameters", "environment") else member[2:] if field == "env" else ()
    return (field, *inside)


def _there(data: object, path: Path) -> Path:
    """As much of a path as there is in some data."""
    for length, step in enumerate(path):
        if isinstance(data, Mapping) and step in data:
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return path[:length]
    return path


def _merged(found: Mapping[str, Result]) -> Result:
    """One job's results in several environments as one: what is found in some of them says in which."""
    first, *others = found.values()
    if not others:
        return first
    where: dict[Diagnostic, list[str]] = {}
    for environment, result in found.items():
        for diagnostic in result.diagnostics:
            where.setdefault(diagnostic, []).append(environment)
    diagnostics = [
        each
        if len(names) == len(found) or _stands_in_environment(each, found[names[0]])
        else each._replace(message=f"{each.message} ({_environments(names)})")
        for each, names in where.items()
    ]
    refused = next((result for result in found.values() if result.checked is None), first)
    return refused._replace(diagnostics=in_order(diagnostics))


def _stands_in_environment(found: Diagnostic, result: Result) -> bool:
    """Whether a finding's place says already which environment it is about."""
    layers = () if result.rendered is None else result.rendered.layers
    sections = (layer.document.where(layer.prefix) for layer in layers if layer.prefix[:1] == ("environments",))
    return any(place.source == found.place.source and place.span.encloses(found.span) for place in sections)


def _environments(names: Collection[str]) -> str:
    return f"environment{'s' * (len(names) > 1)} {', '.join(names)}"
