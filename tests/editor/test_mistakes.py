"""How many of the mistakes that one document contains the schemas alone show, and why not the others.

A mistake is a Bad example of a rule's page, laid over the smallest manifest; where its other half is what holds when
nothing is written, that is written out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema_rs import validator_for
from test_editor import LanguageServer, server  # noqa: F401 - a fixture

from conftest import REPOSITORY, smallest_of, suits
from sagespec.base.diagnostic import Severity
from sagespec.checking.page import Page
from sagespec.checking.pages import binding
from sagespec.kinds import KINDS, kind_named
from sagespec.reporting.schema import file_name

SCHEMAS = {
    kind: validator_for(json.loads((REPOSITORY / "schemas" / file_name(kind)).read_text(encoding="utf-8")))
    for kind in KINDS
}

_FILE_MODE = {"channels": {"train": {"input_mode": "File"}}}
WRITTEN_OUT: Mapping[str, Mapping[str, Any]] = {
    "max-wait-without-spot": {"use_spot_instances": False},
    "gzip-outside-pipe-mode": _FILE_MODE,
    "record-io-outside-pipe-mode": _FILE_MODE,
    "augmented-manifest-outside-pipe-mode": _FILE_MODE,
    "file-system-outside-file-mode": {"channels": {"train": {"input_mode": "FastFile"}}},
    "attributes-without-augmented-manifest": {"channels": {"train": {"s3_data_type": "S3Prefix"}}},
    "disabled-profiler-configured": {"profiler_config": {"disable_profiler": False}},
}
"""Rule → what holds anyway, so that the document alone contains the mistake."""

MISSING = "what is missing may stand in the defaults"
RUN = "the account that the run finds decides"
DISK = "the files beside it decide"
AGREE = "two names must differ, or agree"
LENGTH = "what is sent decides, not what is written"


def words(text: str) -> list[str]:
    return text.split()


NOT_SHOWN = {
    "TrainingJob": {
        **dict.fromkeys(
            words("""
            algorithm-and-image ambiguous-python augmented-manifest-without-attributes channel-without-source
            checkpoint-folder-without-location credentials-without-private-registry debugger-in-unsupported-region
            distribution-of-several-groups evaluation-without-type field-without-entry-point file-system-without-vpc
            image-outside-ecr image-without-instance-type incomplete-file-system incomplete-vpc-config
            mirrored-strategy-without-version missing-entry-point missing-evaluation-steps
            missing-base-version missing-framework-version-1 missing-framework-version-2 missing-instances-1
            missing-instances-2 missing-role missing-training-steps
            overwritten-hyperparameter
            channel-unknown-to-algorithm content-type-unknown-to-algorithm hyperparameter-refused-by-algorithm
            hyperparameter-unknown-to-algorithm channel-missing-for-algorithm required-hyperparameter-missing
            wait-without-checkpoints
            private-registry-without-vpc requirements-file-without-source-dir spot-without-max-wait xla-without-compiler
            """),
            MISSING,
        ),
        **dict.fromkeys(["marketplace-algorithm-with-network"], RUN),
        **dict.fromkeys(
            words("""
            code-outside-project-1 code-outside-project-2 code-outside-project-3 dependency-not-found
            entry-point-not-found missing-local-data missing-requirements-file
            shell-script-with-windows-line-ends source-dir-not-found
            """),
            DISK,
        ),
        **dict.fromkeys(
            words("""
            duplicate-dependency-name duplicate-instance-group program-in-streamed-channel
            """),
            AGREE,
        ),
        **dict.fromkeys(["long-hyperparameter", "too-many-hyperparameters"], LENGTH),
        "metric-example-fails": "the expression is tried",
    },
    "Endpoint": {
        **dict.fromkeys(
            words("""
            code-without-entry-point endpoint-without-capacity endpoint-without-model endpoint-without-role
            endpoint-without-version incomplete-vpc-config python-endpoint-without-entry-point
            serving-image-outside-ecr step-of-another-routing-1 step-out-of-range-2 variant-without-capacity
            """),
            MISSING,
        ),
        **dict.fromkeys(
            words("""
            code-outside-project-1 code-outside-project-2 code-outside-project-3 link-in-model-data
            missing-default-model model-data-without-saved-model
            """),
            DISK,
        ),
        "duplicate-variant": AGREE,
        "scaling-out-of-order": "a schema compares no two numbers",
        "environment-too-large": LENGTH,
    },
}
"""Kind → rule → why a schema cannot refuse its example; of several examples each has its number."""


class Mistake(NamedTuple):
    """One document, and the name of what is wrong in it."""

    kind: str
    name: str
    """Its rule; of several examples with the number of this one."""
    manifest: Mapping[str, Any]

    @property
    def is_shown(self) -> bool:
        return not SCHEMAS[self.kind].is_valid(self.manifest)


def merged(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **{name: merged(one.get(name), value) for name, value in other.items()}}
    return other


def pages(kind: str) -> Iterator[Page]:
    yield from (rule.page for rule in kind_named(kind).rules.by_name.values())
    yield from binding.PAGES if kind == "TrainingJob" else ()


def mistakes() -> Iterator[Mistake]:
    for kind in KINDS:
        for page in pages(kind):
            if page.severity is Severity.ERROR and not page.script("Bad") and suits(kind, page):
                examples = list(yaml.safe_load_all(page.example("Bad")))
                for number, over in enumerate(examples, 1):
                    written = {**smallest_of(kind), **merged(over or {}, WRITTEN_OUT.get(page.name, {}))}
                    name = f"{page.name}-{number}" if examples[1:] else page.name
                    yield Mistake(kind, name, {name: value for name, value in written.items() if value is not None})


MISTAKES = [each for each in mistakes() if each.manifest != smallest_of(each.kind)]
SHOWN = [each for each in MISTAKES if each.is_shown]
BETWEEN_FILES = (MISSING, RUN, DISK)
CONTAINED = [each for each in MISTAKES if NOT_SHOWN.get(each.kind, {}).get(each.name) not in BETWEEN_FILES]
"""Those of which all that is wrong stands in the document."""


def test_every_mistake_is_shown_by_the_schemas_but_for_those_that_have_a_reason() -> None:
    not_shown = {(each.kind, each.name) for each in MISTAKES if not each.is_shown}
    reasons = {(kind, name) for kind, names in NOT_SHOWN.items() for name in names}
    assert not_shown - reasons == set(), "make rows of it (checking/row.py), or say in NOT_SHOWN why none can say it"
    assert reasons - not_shown == set(), "a schema says it: take the reason out"


def test_most_mistakes_that_one_document_contains_are_shown() -> None:
    assert [each for each in SHOWN if each not in CONTAINED] == []
    assert len(CONTAINED) >= 150
    assert len(SHOWN) / len(CONTAINED) > 0.9, "docs/editors.md says so"


@pytest.mark.slow
def test_yaml_language_server_shows_the_same_mistakes(server: LanguageServer) -> None:  # noqa: F811
    shown = []
    for number, each in enumerate(MISTAKES):
        schema = REPOSITORY / "schemas" / file_name(each.kind)
        text = f"# yaml-language-server: $schema={schema}\n{yaml.safe_dump(dict(each.manifest), sort_keys=False)}"
        if server.problems(f"mistake-{number}.yaml", text):
            shown.append(each)
    # its `uniqueItems` looks at texts and numbers, not at maps
    assert sorted(each.name for each in SHOWN if each not in shown) == ["duplicate-rule-name", "repeated-preference"]
    assert [each.name for each in shown if each not in SHOWN] == []
