"""The screen that reads: text → document → job → checked → request, for every manifest under some paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, NamedTuple

from sagespec.base.diagnostic import Diagnostic, Rejected, Severity, has_errors
from sagespec.base.source import Path, Place, Source
from sagespec.catalog import Facts, facts
from sagespec.checking.allowances import Allowances
from sagespec.checking.check import Checked, check
from sagespec.checking.context import Disk
from sagespec.kinds.explained import GLOSSARY, current
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import Job, Mode
from sagespec.kinds.training_job.rules import RULES
from sagespec.reading.binding import bind
from sagespec.reading.document import MAX_BYTES, Document, decode, load, read
from sagespec.reading.render import Defaults, Inputs, Manifest, is_ours, render, standing_alone
from sagespec.scripts import Scripts, comments

if TYPE_CHECKING:  # what makes requests is imported where one is made: validate starts without it
    from sagespec.building.archive import ArchiveError, Archives, Contents
    from sagespec.building.dataset import Datasets
    from sagespec.building.pricing import Pricing
    from sagespec.building.targets import Request, Site, Upload

LOCAL_REGION, LOCAL_ACCOUNT = "us-east-1", "000000000000"
"""Where a local run is, as far as its request has to say so."""
STDIN = "-"
PASSED_OVER = frozenset({"node_modules", "__pycache__", "site-packages"})


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


class Options(NamedTuple):
    """What one run is asked for, besides its paths."""

    inputs: Inputs = Inputs()
    allowed: Collection[str] = ()
    """Rules that say nothing (`--allow`)."""
    build: bool = True
    """Make requests; otherwise only validate."""
    local: bool = False
    """The jobs are to run on this machine."""
    account: str | None = None
    """The account, where no manifest says it."""
    ask_account: Callable[[], str] | None = None
    """Asks the service for the account, when neither does: apply's way."""


class Compiler:
    """One run: what several manifests share is read, analysed and packed once."""

    def __init__(self, options: Options | None = None, knowledge: Facts | None = None) -> None:
        self.options = options or Options()
        self.facts = knowledge or facts()
        self.defaults = Defaults()
        self.scripts = Scripts()
        self.disk = Disk()
        self.allowances = Allowances(GLOSSARY)
        self.allowed = frozenset(current(self.options.allowed))
        self._account: str | None = None
        self._packed: dict[tuple[FilePath, str, str | None, tuple[str, ...]], Contents] = {}
        self._names: dict[tuple[str, str | None, str], tuple[str, int]] = {}

    @cached_property
    def archives(self) -> Archives:
        from sagespec.building.archive import Archives

        return Archives()

    @cached_property
    def datasets(self) -> Datasets:
        from sagespec.building.dataset import Datasets

        return Datasets()

    @cached_property
    def pricing(self) -> Pricing:
        from sagespec.building.pricing import Pricing

        return Pricing()

    def run(self, paths: Iterable[str]) -> Iterator[Result]:
        """One result a job, in input order. Nothing is raised for what an author did."""
        for path in paths:
            for name in discover(path):
                yield from self.file(name, explicit=name == path)
        leftover = self.allowances.unused()
        if leftover:
            yield Result(leftover[0].path, leftover)

    def file(self, name: str, *, explicit: bool) -> Iterator[Result]:
        """The jobs of one file. A file that was found in a folder is passed over unless it is meant for us."""
        try:
            source = (
                decode(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>", FilePath.cwd())
                if name == STDIN
                else load(str(FilePath(name)) if explicit else name)
            )
        except Rejected as rejected:
            if explicit or any("sagespec/" in found.place.source.text for found in rejected.diagnostics):
                yield Result(name, rejected.diagnostics)
            return
        if not explicit and "sagespec/" not in source.text:
            return
        yield from self.source(source, explicit=explicit)

    def source(self, source: Source, *, explicit: bool = True) -> Iterator[Result]:
        """The jobs of one text."""
        self.allowances.read(source)
        found = False
        try:
            for document in read(source):
                if not explicit and not is_ours(document):
                    continue
                found = True
                yield from self.document(document)
        except Rejected as rejected:
            found = True
            yield self._refused(source.name, rejected.diagnostics)
        if not found and explicit:
            empty = Diagnostic(
                Place(source),
                Severity.ERROR,
                "empty-manifest",
                "there is no manifest here",
                "sagespec init writes one to start from",
            )
            yield self._refused(source.name, (empty,))
        unused = self.allowances.unused(source)
        if unused:
            yield Result(source.name, unused)

    def document(self, document: Document) -> Iterator[Result]:
        source = document.source
        if isinstance(document.data, dict) and document.data.get("kind") == "Defaults":
            yield from self.defaults_alone(document)
            return
        try:
            above = self.defaults.above(source.folder)
            for manifest in render(document, above, self.options.inputs):
                yield self.manifest(manifest)
        except Rejected as rejected:
            yield self._refused(source.name, (*document.problems, *rejected.diagnostics))

    def defaults_alone(self, document: Document) -> Iterator[Result]:
        """What is wrong with a Defaults document whoever uses it: no field is missing from one."""
        found: list[Diagnostic] = []
        for manifest in standing_alone(document):
            complaints = bind(manifest).diagnostics
            found += [*manifest.problems, *(each for each in complaints if not _missing_from_job(each))]
        yield self._refused(document.source.name, found)

    def manifest(self, manifest: Manifest) -> Result:
        """What becomes of one job."""
        source = manifest.document.source
        for layer in manifest.layers[1:]:
            self.allowances.read(layer.document.source)
        name = manifest.data.get("name")
        name = name if isinstance(name, str) else None
        try:
            checked = self.check(manifest)
            named = self._named(checked)
            checked = checked._replace(warnings=(*checked.warnings, *named)) if named else checked
            request = self._built(checked) if self.options.build else None
            if request is not None:
                checked, request = self.priced(checked, request)
        except Rejected as rejected:
            return self._refused(source.name, rejected.diagnostics)._replace(name=name, rendered=manifest)
        return Result(source.name, self.allowances.kept(checked.warnings), name, manifest, checked, request)

    def _built(self, checked: Checked) -> Request:
        """The request; where `--allow` has silenced what it needs, a finding instead of a bug."""
        try:
            return self.build(checked)
        except Rejected:
            raise
        except Exception as error:
            if not checked.silenced:
                raise
            names = ", ".join(checked.silenced)
            message = f"no request can be made of this manifest while {names} is allowed"
            place = checked.manifest.where(())
            needed = Diagnostic(place, Severity.ERROR, "needed-after-all", message, "cure it, or only validate")
            raise Rejected([*checked.warnings, needed]) from error

    def check(self, manifest: Manifest) -> Checked:
        bound = bind(manifest)
        context = self.context(bound.job, manifest)
        try:
            return check(bound, context, RULES, self.allowed)
        finally:
            script = context.__dict__.get("script")  # where a rule has asked for it
            for source in () if script is None else script.sources:
                self.allowances.read(source, comments)

    def context(self, job: Job, manifest: Manifest) -> JobContext:
        local = self._runs_here(job)
        return JobContext(
            job,
            self.facts,
            manifest.document.source.folder,
            region=self._region(job),
            account=self._account_of(job),
            for_service=self.options.build and not local,
            local=local,
            scripts=self.scripts,
            disk=self.disk,
        )

    def build(self, checked: Checked) -> Request:
        """The request of a checked job.

        Raises:
            Rejected: its files cannot be packed, or the API would refuse the request.
        """
        from sagespec.building.archive import ArchiveError
        from sagespec.building.targets import build

        site = self.site(checked)
        try:
            code = self.code(checked, site)
            data = self.data(checked, site)
        except ArchiveError as error:
            raise Rejected([*checked.warnings, _of_archive(checked.manifest, error)]) from None
        folder = checked.manifest.document.source.folder
        request = build(
            checked, self.facts, site, code, data, self.options.inputs.commit, _manifest_name(checked.manifest, folder)
        )
        if not site.local:
            self._acceptable(checked, request)
        return request

    def priced(self, checked: Checked, request: Request) -> tuple[Checked, Request]:
        """The same with its prices, where the defaults name some.

        Raises:
            Rejected: it may cost more than `max_job_cost`, or the prices are none.
        """
        manifest = checked.manifest
        if request.site.local or not {"prices", "max_job_cost"} & set(manifest.settings):
            return checked, request
        from dataclasses import replace

        from sagespec.building.pricing import judge

        request = replace(request, prices=self.pricing.prices(manifest, request.site.region))
        said = [found for found in judge(manifest, request, self.facts) if found.rule not in self.allowed]
        checked = checked._replace(warnings=(*checked.warnings, *said))
        if has_errors(said):
            raise Rejected(checked.warnings)
        return checked, request

    def site(self, checked: Checked) -> Site:
        from sagespec.building.targets import Site

        job = checked.job
        if self._runs_here(job):
            return Site(job.region or LOCAL_REGION, LOCAL_ACCOUNT, local=True)
        return Site(self._region(job) or "", self._account_of(job))

    # A job may be partial here: a field that is wrong is not among its members, and reading it would raise.

    def _runs_here(self, job: Job) -> bool:
        return self.options.local or job.members().get("instance_type") in ("local", "local_gpu")

    def _region(self, job: Job) -> str | None:
        return job.members().get("region") or region_of(self.options.inputs.environ)

    def _account_of(self, job: Job) -> str | None:
        """The manifest's, else the run's, else (for apply) what the service says, asked once."""
        role = job.members().get("role")
        account = account_of(role, job.members().get("account_id")) or self.options.account
        ask = self.options.ask_account
        if account is None and role and ask is not None and not self._runs_here(job):
            account = self._account = self._account or ask()
        return account

    def code(self, checked: Checked, site: Site) -> Upload | None:
        from sagespec.building.targets import Upload

        job = checked.job
        if job.mode(self.facts) is Mode.IMAGE or job.entry_point is None or (job.source_dir or "").startswith("s3://"):
            return None
        contents = self._contents(
            checked.manifest.document.source.folder, job.entry_point, job.source_dir, tuple(job.dependencies)
        )
        uri = f"{_upload_prefix(job, site)}/sagespec/code/{contents.sha256}/sourcedir.tar.gz"
        return Upload(
            "code", contents.members[0].path, uri, contents.sha256, contents.total_bytes, len(contents.files), contents
        )

    def _contents(
        self, folder: FilePath, entry_point: str, source_dir: str | None, dependencies: tuple[str, ...]
    ) -> Contents:
        """What the archive holds; the same question is put to the file system once."""
        asked = (folder, entry_point, source_dir, dependencies)
        if asked not in self._packed:
            self._packed[asked] = self.archives.collect(entry_point, source_dir, dependencies, folder=folder)
        return self._packed[asked]

    def data(self, checked: Checked, site: Site) -> Mapping[str, Upload]:
        from sagespec.building.targets import Upload

        job = checked.job
        uploads = {}
        for name, channel in job.channels.items():
            if channel.path is None:
                continue
            path = checked.manifest.document.source.folder / channel.path.removeprefix("file://")
            dataset = self.datasets.collect(path, ("channels", name, "path"))
            uri = f"{_upload_prefix(job, site)}/sagespec/data/{dataset.sha256}/"
            uploads[name] = Upload("data", path, uri, dataset.sha256, dataset.size, len(dataset.files), dataset)
        return uploads

    def _acceptable(self, checked: Checked, request: Request) -> None:
        from sagespec.building import api_check as api

        complaints = [
            Diagnostic(
                checked.manifest.where(path),
                Severity.ERROR,
                "refused-by-api",
                f"SageMaker would refuse the request: {'.'.join(map(str, complaint.path))} {complaint.message}",
                field=path,
            )
            for complaint in api.check(request.seen())
            if complaint.kind != "enum" or "request" in checked.manifest.data
            for path in [_field_of(checked.manifest, complaint.path)]
        ]
        if complaints:
            raise Rejected([*checked.warnings, *complaints])

    def _named(self, checked: Checked) -> tuple[Diagnostic, ...]:
        """Two jobs of one name would be one job to the service, each replacing the other.

        In one file that is certainly wrong. Two files may be meant for different runs, so that is only a warning
        here; plan and apply refuse to act on both.
        """
        manifest, job = checked.manifest, checked.job
        key = (str(manifest.settings.get("project", "default")), job.region, job.name.lower())
        place = manifest.where(("name",))
        if key not in self._names:
            self._names[key] = (place.source.name, place.span.line)
            return ()
        file, line = self._names[key]
        same_file = file == manifest.document.source.name
        hint = "let the name say what differs: {{ matrix.… }}" if manifest.matrix else "give one of them another name"
        message = f"'{job.name}' is the name of another job, at {file}:{line}"
        severity, rule = (Severity.ERROR, "duplicate-name") if same_file else (Severity.WARNING, "name-in-two-files")
        found = Diagnostic(place, severity, rule, message, hint, ("name",))
        if same_file and rule not in self.allowed:
            raise Rejected([*checked.warnings, found])
        return () if rule in self.allowed else (found,)

    def _refused(self, name: str, diagnostics: Iterable[Diagnostic]) -> Result:
        allowed = self.allowed  # an error that ends everything is told all the same
        kept = tuple(found for found in diagnostics if found.severity is Severity.ERROR or found.rule not in allowed)
        return Result(name, self.allowances.kept(kept))


def _missing_from_job(found: Diagnostic) -> bool:
    return found.rule == "missing-field" and len(found.field) == 1


def discover(path: str) -> Iterator[str]:
    """The files that a path of the command line stands for: itself, or every YAML file of the folder and below."""
    if path == STDIN or not os.path.isdir(path):  # noqa: PTH112 - of no name does it raise
        yield path
        return
    for folder, folders, names in os.walk(str(FilePath(path))):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in PASSED_OVER)
        folders[:] = [name for name in folders if not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))]  # noqa: PTH110, PTH118 - never raises
        found = (os.path.join(folder, name) for name in sorted(names) if name.endswith((".yaml", ".yml")))  # noqa: PTH118 - pathlib takes its time
        yield from (name.removeprefix("./") for name in found)


def region_of(environ: Mapping[str, str]) -> str | None:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None


def account_of(role: str | None, account_id: str | None) -> str | None:
    """The account of the role's ARN, else the one that is given."""
    parts = (role or "").split(":")
    return parts[4] if len(parts) > 5 else account_id


def repository_of(folder: FilePath) -> FilePath | None:
    """The nearest folder above (or this one) that holds `.git`."""
    return _repository_of(folder, os.getcwd())[0]  # noqa: PTH109


@lru_cache(maxsize=256)
def _repository_of(folder: FilePath, _here: str) -> tuple[FilePath | None, str]:
    """The repository of a folder, and the folder's path in it; `_here` is what relative folders are relative to."""
    folder = folder.absolute()
    root = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)
    return root, "" if root is None else folder.relative_to(root).as_posix()


def _manifest_name(manifest: Manifest, folder: FilePath) -> str:
    """The manifest's path in its repository, so that it is the same in every clone."""
    name = os.path.basename(manifest.document.source.name)  # noqa: PTH119
    inner = _repository_of(folder, os.getcwd())[1]  # noqa: PTH109
    return name if inner in ("", ".") else f"{inner}/{name}"


def _upload_prefix(job: Job, site: Site) -> str:
    from sagespec.kinds.training_job.draft import default_bucket

    if job.code_location is not None:
        return job.code_location.rstrip("/")
    bucket = job.output_path.removeprefix("s3://").partition("/")[0] if job.output_path else default_bucket(site)
    return f"s3://{bucket}"


def _of_archive(manifest: Manifest, error: ArchiveError) -> Diagnostic:
    return Diagnostic(
        manifest.where(error.field), Severity.ERROR, "unusable-files", error.message, error.hint, error.field
    )


def _field_of(manifest: Manifest, member: Path) -> Path:
    """The field that a member of the request comes from; `request` where it was set there."""
    from sagespec.kinds.training_job.members import field_of

    override: object = manifest.data.get("request")
    for step in member:
        if not isinstance(override, Mapping) or step not in override:
            break
        override = override[step]
    else:
        return ("request", *member)
    field = field_of(member)
    if field is None:
        return ()
    inside = member[1:] if field in ("hyperparameters", "environment") else ()
    return (field, *inside)


def commit_of(folder: FilePath) -> str | None:
    """The commit that a folder's repository has checked out, read from its files; None where there is none."""
    root = repository_of(folder)
    if root is None:
        return None
    git = root / ".git"
    try:
        if git.is_file():  # a worktree: the file says where its folder is
            git = root / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        common = git / "commondir"
        shared = git / common.read_text(encoding="utf-8").strip() if common.is_file() else git
        for place in (git, shared):
            if (place / name).is_file():
                return (place / name).read_text(encoding="utf-8").strip()
        packed = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((line.partition(" ")[0] for line in packed if line.endswith(f" {name}")), None)
