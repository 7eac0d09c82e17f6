"""The findings of every manifest in sight, each kept until something changes that it rests on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sagespec.base.named import NamedTuple
from sagespec.lsp.workspace import Workspace, is_manifest_name, shown

if TYPE_CHECKING:
    from sagespec.base.diagnostic import Diagnostic
    from sagespec.checking.claims import Holder, Key


class Judgement(NamedTuple):
    """What `validate FILE` finds."""

    found: Mapping[str, tuple[Diagnostic, ...]]
    """By the absolute path of the file that a finding stands in."""
    unused: Mapping[str, tuple[Diagnostic, ...]]
    """Allowances of other files that silence nothing here: they may do so for another manifest."""
    asked: frozenset[str]
    """What it rests on: every path that was looked for."""
    was_read: frozenset[str]
    is_ours: bool
    holders: Mapping[Key, Holder]
    """What its jobs have to themselves: other files' jobs may not have it."""
    served: frozenset[str]
    """The training jobs whose models its endpoints serve: their manifests are looked into."""
    misses: bool
    """One of these is not in sight: what it may be called instead is said."""


def judged(workspace: Workspace, path: str, before: Callable[[Key], Holder | None]) -> Judgement:
    """Judges one file as `validate` does one that it finds in a folder: what is not ours says nothing.

    Args:
        before: who has it of jobs in files that come before this one.
    """
    from sagespec.checking.claims import Claims
    from sagespec.pipeline import Compiler, Options
    from sagespec.reporting.findings.report import Report

    files, served, missed = workspace.files(), set[str](), set[str]()

    def named(manifest: str, name: str) -> Sequence[tuple[Key, Holder]]:
        served.add(name)
        found = workspace.jobs_in_sight(manifest, name)
        if all(holder.job != name for _, holder in found):
            missed.add(name)
        return found

    compiler = Compiler(Options(workspace.inputs, build=False), workspace.knowledge, files)
    compiler.claims, compiler.beside.named = Claims(before), named
    results = list(compiler.file(shown(path), explicit=False))
    found = list(Report(results).found())
    leftover = compiler.allowances.unused()
    files.asked.add(path)
    return Judgement(
        _by_file(found),
        _by_file(leftover),
        frozenset(files.asked),
        frozenset(files.was_read),
        bool(results),
        compiler.claims.holders,
        frozenset(served),
        bool(missed),
    )


def _is_there(path: str) -> bool:
    """Something that `validate` would look into, if only to say that it cannot."""
    return os.path.lexists(path) and not os.path.isdir(path)  # noqa: PTH112


def _by_file(found: Iterable[Diagnostic]) -> Mapping[str, tuple[Diagnostic, ...]]:
    files: dict[str, list[Diagnostic]] = {}
    for each in found:
        files.setdefault(os.path.abspath(each.path), []).append(each)  # noqa: PTH100
    return {path: tuple(those) for path, those in files.items()}


class Judgements:
    """One for each manifest of the folders and each that is open. What is out of date is judged again, one at a time:
    the document that was changed last first, and before all others those that are open."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        workspace.jobs_in_sight = self._in_sight
        self._known: dict[str, Judgement] = {}
        self._urgent: dict[str, None] = {}
        """Out of date, the most urgent one last."""
        self._later: dict[str, None] = {}
        """Out of date, too; the first one is the next."""
        self._by_asked: dict[str, set[str]] = {}
        """Path → the manifests whose judgement rests on it."""
        self.touched: set[str] = set()
        """Files whose findings may be others since a manifest was judged; whoever publishes them takes them out."""
        self.first_asked: set[str] = set()
        """Of these paths, those that no judgement rested on before; whoever has seen them takes them out."""
        self._folders: set[str] | None = None
        self._by_claim: dict[Key, dict[str, Holder]] = {}
        """What only one job may have → the manifests with jobs that have it."""

    # What is out of date

    @property
    def has_work(self) -> bool:
        return bool(self._urgent or self._later)

    def add(self, paths: Iterable[str]) -> None:
        """Manifests to judge, some time."""
        for path in paths:
            if path not in self._known and path not in self._urgent:
                self._later[path] = None

    def changed(self, path: str, *, listed: bool = False) -> None:
        """A file has another text: what rests on it is out of date.

        Args:
            listed: it has appeared, or is gone, so that the folders that hold it have changed too.
        """
        dependents = set(self._by_asked.get(path, ()))
        folder = os.path.dirname(path)  # noqa: PTH120
        while listed and folder:
            dependents |= self._by_asked.get(folder, set())
            listed, folder = folder != os.path.dirname(folder), os.path.dirname(folder)  # noqa: PTH120
        if path in self._around:
            inside = [each for each in self._by_asked if each.startswith(path + os.sep)]
            dependents |= {manifest for each in inside for manifest in self._by_asked[each]}
        for each in sorted(dependents - {path}, key=lambda each: (not self._has_said(each, path), each)):
            self._put(each)
        if is_manifest_name(path):
            self._put(path, urgent=True)

    @property
    def _around(self) -> set[str]:
        """The folders that something lies in which was looked for."""
        if self._folders is None:
            self._folders = set()
            for path in self._by_asked:
                while (folder := os.path.dirname(path)) not in self._folders and folder != path:  # noqa: PTH120
                    self._folders.add(folder)
                    path = folder
        return self._folders

    def all_changed(self) -> None:
        for path in list(self._known):
            self._put(path)

    def _put(self, path: str, *, urgent: bool = False) -> None:
        self._urgent.pop(path, None)
        self._later.pop(path, None)
        queue = self._urgent if urgent or self._workspace.at_path(path) is not None else self._later
        queue[path] = None

    def _next(self) -> str:
        if self._urgent:
            return self._urgent.popitem()[0]
        path = next(iter(self._later))
        del self._later[path]
        return path

    # Judging

    def work(self) -> None:
        """Judges the most urgent manifest."""
        path = self._next()
        before = self._known.get(path)
        touched = set() if before is None else self._files_of(before)
        self._forget(path)
        after: Mapping[Key, Holder] = {}
        if self._workspace.at_path(path) is not None or _is_there(path):
            judgement = judged(self._workspace, path, partial(self._holder_before, path))
            self._known[path] = judgement
            after = judgement.holders
            self.first_asked |= judgement.asked - self._by_asked.keys()
            for each in judgement.asked:
                self._by_asked.setdefault(each, set()).add(path)
            self._folders = None
            touched |= self._files_of(judgement) | ({path} if judgement.is_ours else set())
        self._take(path, {} if before is None else before.holders, after)
        self.touched |= touched

    def drop(self, path: str) -> set[str]:
        """A manifest is not looked at any more; the files come back of which it spoke."""
        self._urgent.pop(path, None)
        self._later.pop(path, None)
        before = self._known.get(path)
        self._forget(path)
        self._take(path, {} if before is None else before.holders, {})
        return set() if before is None else self._files_of(before)

    def _take(self, path: str, before: Mapping[Key, Holder], after: Mapping[Key, Holder]) -> None:
        """What a manifest's jobs have now; those behind it that want the same are judged again."""
        for key in before.keys() | after.keys():
            if before.get(key) == after.get(key):
                continue
            having = self._by_claim.setdefault(key, {})
            having.pop(path, None)
            for other in [each for each in having if self._workspace.comes_before(path, each)]:
                self._put(other)
            names = {holder.job for holder in (before.get(key), after.get(key)) if holder and key[0] == "TrainingJob"}
            for other, known in self._known.items():
                if not names.isdisjoint(known.served) or (names and known.misses):
                    self._put(other)
            if key in after:
                having[path] = after[key]
            elif not having:
                del self._by_claim[key]

    def _holder_before(self, path: str, key: Key) -> Holder | None:
        """Who has it in the manifests that `validate` reads before this one: the first of them."""
        first = ""
        for other in self._by_claim.get(key, ()):
            if self._workspace.comes_before(other, path):
                first = other if not first or self._workspace.comes_before(other, first) else first
        return self._by_claim[key][first] if first else None

    def _in_sight(self, manifest: str, name: str) -> Sequence[tuple[Key, Holder]]:
        """The training jobs with a manifest's folder, as far as they have been judged, whatever their names."""
        here = os.path.abspath(manifest)  # noqa: PTH100
        found: dict[str, list[tuple[Key, Holder]]] = {}
        for key, having in self._by_claim.items():
            for path, holder in having.items() if key[0] == "TrainingJob" else ():
                if self._workspace.is_beside(here, path):
                    found.setdefault(path, []).append((key, holder._replace(file=path)))
        return [each for path in self._workspace.in_reading(found) for each in found[path]]

    @staticmethod
    def _files_of(judgement: Judgement) -> set[str]:
        return set(judgement.found) | set(judgement.unused)

    def _forget(self, path: str) -> None:
        judgement = self._known.pop(path, None)
        for each in () if judgement is None else judgement.asked:
            manifests = self._by_asked.get(each, set())
            manifests.discard(path)
            if not manifests:
                self._by_asked.pop(each, None)

    # What is known

    def has_findings_for(self, path: str) -> bool:
        """Whether findings can be sent for a file that many rest on, though some of them are still out of date: one is
        not. Those that had something to say of it are judged first."""
        about = self._by_asked.get(path, set()) - {path}
        waiting = {each for each in about if each in self._urgent or each in self._later}
        return waiting != about and waiting.isdisjoint(self._urgent)

    def _has_said(self, manifest: str, path: str) -> bool:
        known = self._known.get(manifest)
        return known is not None and path in known.found

    def is_settled(self, path: str) -> bool:
        """Whether nothing that speaks of a file is out of date."""
        return not self._waiting(path)

    def _waiting(self, path: str) -> list[str]:
        about = {path, *self._by_asked.get(path, ())}
        waiting = [each for each in about if each in self._urgent or each in self._later]
        return [each for each in waiting if self._may_have_findings_in(each, path)]

    def _may_have_findings_in(self, manifest: str, path: str) -> bool:
        """Whether a manifest's judgement may have findings in a file that it rests on: in another manifest hardly, and
        nobody who types there waits for that."""
        from sagespec.reading.render import DEFAULTS_NAME  # the first answer to the client does not wait for that

        known, other = self._known.get(manifest), self._known.get(path)
        is_manifest = other is not None and other.is_ours and os.path.basename(path) != DEFAULTS_NAME  # noqa: PTH119
        return manifest == path or not is_manifest or (known is not None and path in self._files_of(known))

    def settle(self, path: str) -> None:
        """Judges at once what speaks of a file, where it is out of date; what concerns others waits its turn."""
        for each in self._waiting(path):
            self._put(each, urgent=True)
            self._urgent[each] = self._urgent.pop(each)
            self.work()
            self.touched.add(path)

    def findings(self, path: str, *, fresh: bool = False) -> tuple[Diagnostic, ...]:
        """What is to be said of one file, whichever manifests it comes from.

        Args:
            fresh: leave out what is out of date.
        """
        from sagespec.base.diagnostic import in_order

        waiting = set(self._waiting(path)) if fresh else set[str]()
        about = [self._known[each] for each in self._manifests(path) if each not in waiting]
        found = [each for known in about for each in known.found.get(path, ())]
        readers = [known for known in about if path in known.was_read and not waiting]
        unused = [set(known.unused.get(path, ())) for known in readers]
        return in_order([*found, *(set.intersection(*unused) if unused else ())])

    def _manifests(self, path: str) -> list[str]:
        return [each for each in sorted(self._by_asked.get(path, ())) if each in self._known]

    @property
    def known(self) -> Mapping[str, Judgement]:
        return self._known

    def jobs(self, kind: str) -> list[Holder]:
        """The jobs of a kind whose names are known, in the order of their names."""
        named = {
            each.job: each for known in self._known.values() for key, each in known.holders.items() if key[0] == kind
        }
        return [named[name] for name in sorted(named)]

    def manifests_of(self, path: str) -> list[str]:
        """The manifests whose judgement rests on a file, itself included."""
        return sorted(each for each in self._by_asked.get(path, ()) if self._known[each].is_ours)
