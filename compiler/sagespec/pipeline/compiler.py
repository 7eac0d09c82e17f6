"""Runs the left half: text → document → model → checked → draft → request, for every manifest under some paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from itertools import zip_longest
from pathlib import Path as FilePath
from typing import Any, BinaryIO, NoReturn

from sagespec.base.diagnostic import Diagnostic, Rejected, Related, Severity, has_errors, in_order
from sagespec.base.files import Files
from sagespec.base.named import NamedTuple
from sagespec.base.repository import path_in_repository, repository_of
from sagespec.base.source import Place, Source
from sagespec.building.draft import Draft, DraftInputs, Packing
from sagespec.building.request import Destination
from sagespec.catalog import Facts, facts
from sagespec.checking.allowances import Allowances
from sagespec.checking.check import Checked, check
from sagespec.checking.claims import Claims
from sagespec.checking.context import Context
from sagespec.kinds import KINDS, Kind, kind_named, kind_of, vocabulary_of
from sagespec.kinds.explained import GLOSSARY, current
from sagespec.pipeline.beside import Beside
from sagespec.pipeline.conflicts import conflicts
from sagespec.pipeline.destinations import LOCAL_REGION, Destinations
from sagespec.pipeline.judging import DraftJudge
from sagespec.pipeline.results import Options, Result, merged
from sagespec.reading import discovery
from sagespec.reading.binding import Bound, bind
from sagespec.reading.project_facts import SETTING, ProjectFacts
from sagespec.reading.render import Defaults, Manifest, environments_of, is_defaults, is_ours, render, standing_alone
from sagespec.reading.syntax.document import Document
from sagespec.reading.syntax.reader import MAX_BYTES, decode, load, read
from sagespec.scripts import Scripts, comments

STDIN = "-"
OUR_KINDS = frozenset({*KINDS, "Defaults"})


class FoundFile(NamedTuple):
    """A file of a run."""

    name: str
    explicit: bool
    """It was given by its name."""
    passed_over: str
    """Why it is not read as a manifest; empty for the others."""


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
        self.allowances = Allowances(GLOSSARY)
        self.allowed = frozenset(map(current, self.options.allowed))
        self.survey = discovery.Survey()
        self.claims = Claims()
        self.drafts = DraftJudge(self.facts, self.files, build=self.options.build)
        self._destinations = Destinations(self.options)
        self.beside = self._beside()

    @cached_property
    def packing(self) -> Packing:
        return Packing(self.files)

    def _beside(self) -> Beside:
        def compiler(options: Options) -> Compiler:
            if self._destinations.may_ask:
                ask = None if options.ask_account is None else self._destinations.service_account
                options = options._replace(may_ask=True, ask_account=ask)
            elif self.options.trained is not None:  # what a request of theirs needs may not be asked yet
                options = options._replace(build=False, every_environment=False)
            return Compiler(options, self.facts, self.files)

        return Beside(self.options, compiler)

    def run(self, paths: Iterable[str]) -> Iterator[Result]:
        """One result a job, in input order. Nothing is raised for what an author did.

        The service is asked nothing before all manifests have been judged, and only if all are right.
        """
        wrong, held = False, list[Result]()
        for result in (result for found in self.files_of(paths) for result in self.each(found)):
            wrong = wrong or has_errors(result.diagnostics)
            if held or result.rest is not None:
                held.append(result)
            else:
                yield result
        last = [*self.together()]
        if held and not wrong and not any(has_errors(result.diagnostics) for result in last):
            self._begin_to_ask([result for result in held if result.rest is not None])
            yield from map(_completed, held)
            last += self.together()
        else:
            yield from held
        yield from last

    def _begin_to_ask(self, waiting: Iterable[Result]) -> None:
        """What has been made without an answer of the service's is made again, with it; the others keep their names."""
        again = {(each.name, each.rendered.where(("name",)).source.name) for each in waiting if each.rendered}
        kept = {key: held for key, held in self.claims.holders.items() if (held.job, held.file) not in again}
        paths, named = self.beside.paths, self.beside.named
        self._destinations.may_ask = True
        self.claims, self.beside = Claims(), self._beside()
        self.claims.holders = kept
        self.beside.paths, self.beside.named = paths, named

    def files_of(self, paths: Iterable[str]) -> Iterator[FoundFile]:
        """Every file that some paths stand for, once."""
        paths = list(dict.fromkeys(map(str, paths)))
        self.beside.paths = tuple(path for path in paths if path != STDIN)
        if len(paths) == 1:  # under one path lies no file twice
            (path,) = paths
            yield from (FoundFile(name, name == path, why) for name, why in self.survey.files(path))
            return
        named = {os.path.abspath(path) for path in paths}  # noqa: PTH100 - pathlib takes its time
        read = set[str]()
        for path in paths:
            for name, why in self.survey.files(path):
                file = name if name == STDIN else os.path.abspath(name)  # noqa: PTH100
                if file in read or (file in named and name != path):
                    continue  # it is given twice, or by its own name as well
                read.add(file)
                yield FoundFile(name, name == path, why)

    def each(self, found: FoundFile) -> Iterator[Result]:
        """The jobs of one file."""
        if found.passed_over:
            return self.passed_over(found.name, found.passed_over)
        return self.file(found.name, explicit=found.explicit)

    def together(self) -> Iterator[Result]:
        """What only all files of a run show: what their jobs may cost, and allowances that silence nothing."""
        for found in self.drafts.exceeded():
            if found.rule not in self.allowed:
                yield self.refused(found.path, (found,))
        leftover = self._unused()
        if leftover:
            yield Result(leftover[0].path, leftover)

    def file(self, name: str, *, explicit: bool) -> Iterator[Result]:
        """The jobs of one file. A file that was found in a folder is passed over unless it is meant for us."""
        try:
            source = (
                decode(_all_of(sys.stdin.buffer), "<stdin>", FilePath.cwd())
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
        """A file that is not text, or cannot be read at all: in a folder, it may be somebody else's."""
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
        found, manifest, shared, aside = False, False, False, []
        reported: set[str] = set()
        try:
            for document in read(source):
                ours = explicit or is_ours(document)
                said = discovery.misplaced_defaults(document) if ours else discovery.passed_over(document, OUR_KINDS)
                if said is not None:
                    aside.append(said)
                if ours:
                    found = True
                    if is_defaults(document):
                        shared = True
                    else:
                        manifest = True
                    yield from self.document(document, reported)
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
        unused = () if shared else self._unused(source)  # of defaults, when all that they hold for has been seen
        if unused:
            yield Result(source.name, unused)

    def _unused(self, source: Source | None = None) -> tuple[Diagnostic, ...]:
        """Allowances that silence nothing. A run on this machine breaks fewer rules: none is said to be left over."""
        left_over = self.allowances.unused(source)
        return () if self.options.local else left_over

    def document(self, document: Document, reported: set[str]) -> Iterator[Result]:
        """The jobs of one document.

        Args:
            reported: what has been said of documents of the same text that are another tool's: it is said once.
        """
        source = document.source
        if is_defaults(document):
            yield from self.defaults_alone(document)
            return
        if not is_ours(document):
            from sagespec.pipeline.documents import foreign_document  # most documents are ours

            foreign = foreign_document(document)
            if foreign is not None:
                if foreign.message not in reported:
                    yield self.refused(source.name, (foreign,))
                reported.add(foreign.message)
                return
        kind = kind_of(document.data)
        if kind is None:
            from sagespec.pipeline.documents import unknown_kind

            yield self.refused(source.name, (*document.problems, unknown_kind(document)))
            return
        try:
            above = self.defaults.above(source.folder)
            environments = environments_of(above) if above and self._judges_all_environments else ()
        except Rejected as rejected:
            yield self.refused(source.name, (*document.problems, *rejected.diagnostics))
            return
        if not environments:
            yield from self._in_one(self.options.inputs.environment, document, above, kind)
            return
        runs = {name: list(self._in_one(name, document, above, kind)) for name in environments}
        for together in zip_longest(*runs.values()):
            yield merged({name: result for name, result in zip(runs, together, strict=True) if result is not None})

    @property
    def _judges_all_environments(self) -> bool:
        options = self.options
        return options.every_environment and not options.build and options.inputs.environment is None

    def _in_one(
        self, environment: str | None, document: Document, above: tuple[Document, ...], kind: Kind
    ) -> Iterator[Result]:
        inputs = self.options.inputs
        if environment != inputs.environment:
            inputs = inputs._replace(environment=environment)
        try:
            for manifest in render(document, above, inputs, vocabulary_of(kind.name)):
                if self._is_meant(manifest):
                    yield self.manifest(manifest, kind)
        except Rejected as rejected:
            yield self.refused(document.source.name, (*document.problems, *rejected.diagnostics))

    def _is_meant(self, manifest: Manifest) -> bool:
        only = self.options.only
        return not only or any(fnmatchcase(str(manifest.data.get("name")), pattern) for pattern in only)

    def defaults_alone(self, document: Document) -> Iterator[Result]:
        """What is wrong with a Defaults document whoever uses it: no field is missing from one."""
        found: list[Diagnostic] = []
        for name, manifest in standing_alone(document, KINDS, vocabulary_of):
            complaints = bind(manifest, kind_named(name).model).diagnostics
            found += [*manifest.problems, *(each for each in complaints if not _missing_from_job(each))]
        setting = document.data.get(SETTING) if isinstance(document.data, dict) else None
        found += self.known.complaints(setting, document.where)
        yield self.refused(document.source.name, found)

    def manifest(self, manifest: Manifest, kind: Kind) -> Result:
        """What becomes of one job: everything that there is to say of it, and its request where that is asked for."""
        given, source = manifest, manifest.document.source
        for layer in manifest.layers[1:]:
            self.allowances.read(layer.document.source)
        name = manifest.data.get("name")
        name = name if isinstance(name, str) else None
        found, checked = self._checked(manifest, kind)
        manifest = checked.manifest
        found += self.known.complaints(manifest.settings.get(SETTING), manifest.where)
        site = self._destinations.of(checked.job, kind)
        asks = self.options.build and not has_errors(found)
        try:
            draft = self._draft(checked, kind, site, asks=asks)
            waits = asks and self._destinations.must_ask(checked.job, kind)
        except _NotYet:
            draft, waits = self._draft(checked, kind, site), True
        # Requests of two files stand each by itself, so `compile` only warns of them; nobody can apply both.
        between_files = Severity.WARNING if self.options.build else Severity.ERROR
        found += conflicts(self.claims, checked, kind, site, between_files=between_files)
        misspelt: list[Diagnostic] = []
        if kind.serves:
            found += self._served(checked, kind)
            misspelt = self._misspelt(checked, kind)
            found += misspelt
        found += self.drafts.of(manifest, kind, draft, found)
        request = None
        if self.options.build and not waits and not has_errors(found):
            request, complaints = self.drafts.sealed(manifest, kind, draft)
            if any(each.rule == "unknown-training-job" for each in complaints) and misspelt:
                complaints = [each._replace(hint=misspelt[0].hint) for each in complaints]
                found.remove(misspelt[0])
            found += complaints
        if self.allowed:
            found = [diagnostic for diagnostic in found if diagnostic.rule not in self.allowed]
        kept = self.allowances.kept(found)
        if has_errors(kept):
            return Result(source.name, kept, name, manifest)
        rest = (lambda: self.manifest(given, kind)) if waits else None
        return Result(source.name, kept, name, manifest, checked, request, rest=rest)

    def _checked(self, manifest: Manifest, kind: Kind) -> tuple[list[Diagnostic], Checked]:
        """What the model and the rules say of a job. With errors the job is partial, or at least not to be trusted."""
        bound: Bound[Any] = bind(manifest, kind.model)
        trainer = self.beside.trainer_of(bound.manifest, bound.model, kind) if kind.serves else None
        judged = bound if trainer is None else self._with_job(bound, trainer)
        context = self.context(judged.model, manifest, kind)
        try:
            checked = check(judged, context, kind.rules, self.allowed)
            found = checked.warnings
        except Rejected as rejected:
            found, checked = rejected.diagnostics, Checked(bound.manifest, bound.model)
        finally:
            self._read_allowances(context)
        if trainer is None:
            return list(found), checked
        from sagespec.kinds.endpoint.trainer import at_reference

        placed = [at_reference(each, judged.manifest, bound.manifest, trainer.manifest) for each in found]
        return placed, checked._replace(manifest=bound.manifest, job=bound.model)

    def _with_job(self, endpoint: Bound[Any], trainer: Checked) -> Bound[Any]:
        """An endpoint with what it takes from the training job whose model it serves."""
        from sagespec.building.promised import promised_by
        from sagespec.kinds.endpoint.trainer import as_if_written

        if endpoint.model.members().get("model_data") is not None:  # two models, which the rules say
            return endpoint
        kind = kind_named("TrainingJob")
        site = self._destinations.of(trainer.job, kind)
        draft = self._draft(trainer, kind, site._replace(region=site.region or LOCAL_REGION))
        return endpoint if draft.unknown else as_if_written(endpoint, promised_by(draft.request))

    def drafted(self, manifest: Manifest, kind: Kind) -> Draft:
        """What would be sent for a job, as far as its fields are right; nothing is said of what is wrong."""
        _, checked = self._checked(manifest, kind)
        return self._draft(checked, kind, self._destinations.of(checked.job, kind))

    def context(self, job: Any, manifest: Manifest, kind: Kind) -> Context:
        return kind.context(
            job,
            self.known.facts(manifest.settings.get(SETTING)),
            manifest.document.source.folder,
            region=self._destinations.region(job),
            account=self._destinations.account(job, kind),
            local=self._destinations.is_here(job),
            scripts=self.scripts,
            files=self.files,
        )

    def _draft(self, checked: Checked, kind: Kind, site: Destination, *, asks: bool = False) -> Draft:
        """
        Args:
            asks: whether it is to be asked which model an endpoint serves: not before its mistakes are reported.

        Raises:
            _NotYet: that is for the service to say, which may not be asked yet.
        """
        manifest = checked.manifest
        folder = manifest.document.source.folder
        inputs = DraftInputs(
            self.known.facts(manifest.settings.get(SETTING)),
            site,
            folder,
            self.packing,
            _manifest_name(manifest, folder),
            self.options.inputs.commit,
            (_not_yet if self._is_early(self.options.trained) else self.beside.trained) if asks else None,
            (_not_yet if self._is_early(self.options.archive_at) else self.options.archive_at) if asks else None,
        )
        return kind.draft(checked.job, manifest, inputs)

    def _is_early(self, ask: object) -> bool:
        """Whether the service would be asked, and may not be yet."""
        return ask is not None and not self._destinations.may_ask

    def _served(self, checked: Checked, kind: Kind) -> Iterator[Diagnostic]:
        """A script whose model the endpoint's server cannot load; the script may allow it."""
        trainer = self.beside.trainer_of(checked.manifest, checked.job, kind)
        if trainer is None:
            return
        from sagespec.kinds.endpoint.trainer import unservable

        context = self.context(trainer.job, trainer.manifest, kind_named("TrainingJob"))
        finding = unservable(checked.job, context)
        if finding is None:
            return
        self._read_allowances(context)
        written = checked.manifest.where(finding.path)
        rule, place = "unservable-training-script", finding.place or written
        found = Diagnostic(place, Severity.WARNING, rule, finding.message, finding.hint, finding.path)
        related = () if finding.place is None else (Related(written, "the endpoint that is to serve its model"),)
        yield found._replace(related=related)

    def _misspelt(self, checked: Checked, kind: Kind) -> list[Diagnostic]:
        """An endpoint's training job that no manifest in sight describes, while one of a near name is there."""
        path, name = (kind.serves,), checked.job.members().get(kind.serves)
        meant = None if name is None else self.beside.meant_trainer(checked.manifest, name)
        if meant is None:
            return []
        message, hint = f"no training job here is called '{name}'", f"did you mean {meant}?"
        return [
            Diagnostic(checked.manifest.where(path), Severity.WARNING, "misspelt-training-job", message, hint, path)
        ]

    def _read_allowances(self, context: Context) -> None:
        """What the comments of a job's script allow, where a rule has asked for the script."""
        script = context.__dict__.get("script")
        for source in () if script is None else script.sources:
            self.allowances.read(source, comments)

    def refused(self, name: str, diagnostics: Iterable[Diagnostic]) -> Result:
        """What becomes of a text of which nothing could be read."""
        allowed = self.allowed  # an error that ends everything is reported all the same
        kept = tuple(found for found in diagnostics if found.severity is Severity.ERROR or found.rule not in allowed)
        return Result(name, self.allowances.kept(kept))


@lru_cache(maxsize=1)
def _all_of(stream: BinaryIO) -> bytes:
    """What standard input holds. It can be read once, and is compiled again when a job has completed that an endpoint
    waited for."""
    return stream.read(MAX_BYTES + 1)


class _NotYet(Exception):
    """Something is for the service to say, and not all manifests have been judged."""


def _not_yet(*_: object) -> NoReturn:
    raise _NotYet


def _completed(result: Result) -> Result:
    """What becomes of a job once the service may be asked."""
    if result.rest is None:
        return result
    whole = result.rest()
    said = set(result.diagnostics)
    new = (found for found in whole.diagnostics if found not in said)
    return whole._replace(diagnostics=in_order([*result.diagnostics, *new]))


def _missing_from_job(found: Diagnostic) -> bool:
    return found.rule == "missing-field" and len(found.field) == 1


def _manifest_name(manifest: Manifest, folder: FilePath) -> str:
    """The manifest's path in its repository, so that it is the same in every clone; outside of one, its path below the
    farthest of its defaults."""
    name = os.path.basename(manifest.document.source.name)  # noqa: PTH119
    inner = path_in_repository(folder)
    if not inner and len(manifest.layers) > 1 and repository_of(folder) is None:
        above = manifest.layers[-1].document.source.folder.absolute()
        inner = folder.absolute().relative_to(above).as_posix()
    return f"{inner}/{name}" if inner not in ("", ".") else name
