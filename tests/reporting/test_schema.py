"""The editors' schemas agree with the validator: they refuse nothing that it accepts, and are strict where they can."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from jsonschema_rs import meta, validator_for
from pydantic import TypeAdapter, ValidationError

from conftest import ENDPOINT, REPOSITORY, SCRIPT, SMALLEST, Judge, alone
from reading.pydantic_models import model_of
from sagespec.base.diagnostic import Severity
from sagespec.base.source import Source
from sagespec.catalog import Facts, Framework, frameworks
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.training_job.model import LEGACY_FIELDS, RENAMED, Job
from sagespec.kinds.training_job.model.distribution import STRATEGIES
from sagespec.kinds.training_job.rules import RULES
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs
from sagespec.reporting.schema import file_name, made_schemas
from sagespec.reporting.schema_files import stale, write_schemas

SCHEMAS = REPOSITORY / "schemas"
REPAIR = "sagespec schema --out schemas"


def schema(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return content


MANIFEST = Draft7Validator(schema("training-job"))
DEFAULTS = Draft7Validator(schema("defaults"))
ENDPOINTS = Draft7Validator(schema("endpoint"))
IN_BULK = validator_for(schema("training-job"))
"""Says of tens of thousands of manifests whether the schema takes them, and of none where it is wrong. One test holds
that both implementations say the same."""


def refused(data: Any, validator: Draft7Validator = MANIFEST) -> set[str]:
    """The members that the schema complains of; "" is the whole document."""
    return {str(next(iter(error.absolute_path), "")) for error in validator.iter_errors(data)}


Accepts = Callable[[dict[str, Any]], bool]


@pytest.fixture(scope="module")
def accepts(tmp_path_factory: pytest.TempPathFactory, knowledge: Facts) -> Accepts:
    """Whether the validator finds no error in a manifest."""
    folder = tmp_path_factory.mktemp("accepts")
    (folder / "train.py").write_text(SCRIPT)
    run = Compiler(Options(Inputs(), build=False), knowledge)

    def accepted(manifest: dict[str, Any]) -> bool:
        found = alone(run, Source("mnist.yaml", json.dumps(manifest), folder)).diagnostics
        return not any(diagnostic.severity is Severity.ERROR for diagnostic in found)

    return accepted


# The files


def test_the_committed_schemas_are_fresh() -> None:
    assert stale(SCHEMAS) == [], f"the model or the catalogue has changed: run {REPAIR}"
    assert {name: (SCHEMAS / name).read_text(encoding="utf-8") for name in made_schemas()} == made_schemas()


def test_a_schema_that_is_missing_or_differs_is_stale(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "new")
    assert [path.name for path in written] == sorted(made_schemas())
    assert stale(tmp_path / "new") == []
    written[0].write_text("{}\n", encoding="utf-8")
    written[1].unlink()
    assert stale(tmp_path / "new") == sorted(made_schemas())[:2]


@pytest.mark.parametrize("name", ["training-job", "endpoint", "defaults"])
def test_a_schema_is_draft_7_and_easy_on_editors(name: str) -> None:
    """No alternatives at the top, and `required` in every condition: a key that is not there yet would match it."""
    content = schema(name)
    meta.validate(content)
    assert not {"oneOf", "anyOf"} & content.keys()
    for condition in conditions(content):
        assert "required" in json.dumps(condition) or condition.keys() <= {"type", "pattern"}, condition


def conditions(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "if" in node:
            yield node["if"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from conditions(item)


def test_every_field_is_described_in_both_schemas() -> None:
    for name in ("training-job", "defaults"):
        fields = schema(name)["properties"]
        assert fields.keys() >= set(Job.fields)
        assert [field for field in Job.fields if not fields[field].get("description")] == []


# Documents that people have


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, which editors read."""


Core.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"null|Null|NULL|~|", "nN~\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})\Z"), list(_first))

TEMPLATES = sorted((REPOSITORY / "templates").glob("**/*.yaml.j2"))
DOCUMENTS = [*sorted((REPOSITORY / "specs").rglob("*.yaml")), *TEMPLATES]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_examples_and_templates_pass(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path in TEMPLATES:
        values = {"name": "mnist", "project": "vision", "schemas": "schemas", "shared": "", "is_served": False}
        values |= {"framework": 'framework_version: "2.21"\n', "entry_point": "train.py"}
        values |= {"flags": "--epochs", "channels": ["train"], "takes_model_dir": False}
        text = jinja2.Template(text, undefined=jinja2.StrictUndefined).render(values)
    for document in yaml.load_all(text, Core):
        validator = {"Defaults": DEFAULTS, "Endpoint": ENDPOINTS, "TrainingJob": MANIFEST}[document["kind"]]
        assert refused(document, validator) == set()


def test_a_version_without_quotes_is_refused_and_explained() -> None:
    document = yaml.load("framework_version: 1.10", Core)
    assert refused({**SMALLEST, **document}) == {"framework_version"}
    explained = schema("training-job")["properties"]["framework_version"]["errorMessage"]
    assert explained == "framework_version must be in quotes: without them YAML reads 1.10 as the number 1.1"


# Agreement with the model


def test_an_expression_is_welcome_in_every_field() -> None:
    fields = [field for field in Job.fields if field not in ("apiVersion", "kind")]
    assert refused({**SMALLEST, **dict.fromkeys(fields, "{{ vars.x }}")}) == set()
    assert refused({"kind": "Defaults", **dict.fromkeys(fields, "{{ vars.x }}")}, DEFAULTS) == set()


@pytest.mark.parametrize("field", [field for field in Job.fields if field not in ("apiVersion", "kind")])
def test_null_and_wrong_types_are_refused_exactly_where_the_model_refuses_them(field: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(model_of(Job).model_fields[field].rebuild_annotation())
    a_map = {"StoppingCondition": {}} if field == "request" else {"x": 7}
    for value in (None, True, False, 7, -1, 0.5, "", "x", [], [7], a_map):
        try:
            adapter.validate_python(value, strict=True)
            expected = set()
        except ValidationError:
            expected = {field}
        assert refused({"kind": "Defaults", field: value}, DEFAULTS) == expected, value


@pytest.mark.parametrize("old", RENAMED)
def test_a_name_of_sdk_1_is_refused_with_the_new_name(old: str, accepts: Accepts) -> None:
    manifest = {**SMALLEST, old: SMALLEST.get(RENAMED[old], "x")}
    assert refused(manifest) == {""}
    assert not accepts(manifest)
    [message] = [part["errorMessage"] for part in schema("training-job")["allOf"] if old in part.get("properties", {})]
    assert message.endswith(f"write {RENAMED[old]}")


def test_required_fields_may_come_from_defaults() -> None:
    """An editor sees one document, so only what a manifest must say itself is missed."""
    assert refused({name: SMALLEST[name] for name in ("apiVersion", "kind", "name")}) == set()
    for name in ("apiVersion", "kind", "name"):
        assert refused({field: value for field, value in SMALLEST.items() if field != name}) == {""}


# Agreement with the rules


@cache
def laid_over(example: str) -> Sequence[dict[str, Any]]:
    every = [{**SMALLEST, **(over or {})} for over in parts(example)]
    return [
        {name: value for name, value in merged.items() if value is not None or name in LEGACY_FIELDS}
        for merged in every
    ]


@cache
def parts(example: str) -> Sequence[Any]:
    return list(yaml.safe_load_all(example))


def not_taken(example: str) -> list[dict[str, Any]]:
    return [manifest for manifest in laid_over(example) if not IN_BULK.is_valid(manifest)]


@pytest.mark.parametrize("rule", RULES.by_name.values(), ids=RULES.by_name)
def test_the_schema_refuses_nothing_that_a_rule_s_page_calls_good(rule: Any) -> None:
    only_warned = not_taken(rule.page.example("Bad")) if rule.severity is Severity.WARNING else []
    assert [*not_taken(rule.page.example("Good")), *only_warned] == []


def test_both_implementations_of_json_schema_accept_the_same_examples() -> None:
    pages = [rule.page for rule in RULES.by_name.values()]
    every = [each for page in pages for which in ("Bad", "Good") for each in laid_over(page.example(which))]
    assert [each for each in every if IN_BULK.is_valid(each) != MANIFEST.is_valid(each)] == []


BY_VERSION = """
checkpoints-by-seconds-and-steps compiler-on-other-instance compiler-with-distribution version-without-compiler
dataparallel-on-other-instance instance-without-image legacy-entry-point-not-python legacy-hyperparameter-of-wrong-type
legacy-mode-without-image network-isolation-in-legacy-mode p2-with-new-version python3-in-legacy-mode
region-without-image script-mode-without-image several-strategies strategy-without-support unknown-framework-version
unsupported-python
""".split()  # noqa: SIM905 - one name a line would be a page
"""Rules whose branches are made of the catalogue, release by release."""

WITH_DEFAULTS = """
attributes-without-augmented-manifest augmented-manifest-outside-pipe-mode checkpoint-folder-without-location
credentials-without-private-registry disabled-profiler-configured duplicate-instance-group
file-system-outside-file-mode gzip-outside-pipe-mode
incomplete-vpc-config max-wait-without-spot record-io-outside-pipe-mode secret-in-manifest spot-without-max-wait
""".split()  # noqa: SIM905
"""Rules whose examples a schema cannot refuse: a Defaults document may have what is missing, or only a part is data."""

FROM_ROWS = [rule.name for rule in RULES.by_name.values() if rule.rows and rule.severity is Severity.ERROR]
SHOWN_IN_EDITORS = [*(name for name in FROM_ROWS if name not in WITH_DEFAULTS), *BY_VERSION]
"""Rules whose mistake one document shows, whatever its defaults say."""


@pytest.mark.parametrize("name", SHOWN_IN_EDITORS)
def test_the_schema_refuses_what_a_rule_s_page_calls_bad(name: str) -> None:
    example = RULES.by_name[name].page.example("Bad")
    assert not_taken(example) == laid_over(example)


NAMES = [name for name in frameworks.names() if not frameworks.of_name(name).bases]
"""Frameworks of which one version says all."""


def job_of(framework: Framework, version: str, **fields: Any) -> dict[str, Any]:
    """A small job of a version, on a type that it has images for, with what legacy mode needs."""
    release = framework.release(version)
    kinds = {kind for image in release.images.values() for kind in image.tags} if release else {"cpu"}
    steps = {"training_steps": 1, "evaluation_steps": 1} if release and not release.script_mode else {}
    instance_type = "ml.m5.xlarge" if "cpu" in kinds else "ml.g5.2xlarge"
    about = {"framework": framework.name, "framework_version": version, "instance_type": instance_type}
    return {**SMALLEST, **about, **steps, **fields}


@pytest.mark.parametrize("name", NAMES)
def test_versions_and_pythons_are_accepted_by_both_or_by_neither(accepts: Accepts, name: str) -> None:
    framework = frameworks.of_name(name)
    pythons = sorted({python for release in framework.releases.values() for python in release.pythons})
    for version in [*framework.versions(), "2.15", "2.17.0", "1.33", "9.0"]:
        others = [framework.release(version, variant.name) for variant in framework.variants]
        for python in [*pythons, "py27"]:
            if any(release is not None and python in release.pythons for release in others):
                continue  # Pythons of images that other fields ask for: the schema knows the union
            manifest = job_of(framework, version, py_version=python)
            assert accepts(manifest) == IN_BULK.is_valid(manifest), (version, python)


@pytest.mark.parametrize("name", NAMES)
def test_strategies_and_versions_are_accepted_by_both_or_by_neither(accepts: Accepts, name: str) -> None:
    framework = frameworks.of_name(name)
    for version in framework.versions():
        release = framework.release(version)
        assert release is not None
        if "gpu" not in {kind for image in release.images.values() for kind in image.tags}:
            continue
        fields: dict[str, Any] = {"py_version": release.pythons[-1], "instance_count": 2}
        for strategy in STRATEGIES[:-1]:
            if framework.has(strategy, version, "gpu") != (strategy in release.strategies):
                continue  # of Trainium alone
            owner, _, inner = strategy.partition(".")
            switched: dict[str, Any] = {"enabled": True}
            fields["distribution"] = {owner: {inner: switched} if inner else switched}
            fields |= {"compiler_config": {}} if strategy == "pytorchxla" else {}
            manifest = job_of(framework, version, **{**fields, "instance_type": "ml.p3.16xlarge"})
            assert accepts(manifest) == IN_BULK.is_valid(manifest), (version, strategy)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("tensorflow", "2.19"),
        ("tensorflow", "2.3"),
        ("pytorch", "1.11"),
        ("pytorch", "2.6"),
        ("mxnet", "1.9"),
        ("sklearn", "1.2-1"),
        ("xgboost", "1.0-1"),
        ("xgboost", "1.7-1"),
    ],
)
def test_instance_types_are_accepted_by_both_or_by_neither(
    accepts: Accepts, knowledge: Facts, name: str, version: str
) -> None:
    framework = frameworks.of_name(name)
    release = framework.release(version)
    assert release is not None
    for instance_type in [*knowledge.instances, "local", "ml.z9.large", "ml.m9g.large", "ml.trn9.large"]:
        manifest = job_of(framework, version, py_version=release.pythons[-1], instance_type=instance_type)
        assert accepts(manifest) == IN_BULK.is_valid(manifest), (version, instance_type)


@pytest.mark.parametrize("name", NAMES)
def test_regions_are_accepted_by_both_or_by_neither(accepts: Accepts, knowledge: Facts, name: str) -> None:
    framework = frameworks.of_name(name)
    for version, release in framework.releases.items():
        if len({frozenset(image.registries) for image in release.images.values()}) > 1:
            continue  # regions differ by Python there, and the schema knows their union
        for region in [*knowledge.regions, "us-west-9"]:
            python = "py2" if not release.script_mode else release.pythons[-1]
            manifest = job_of(framework, version, region=region, role="Role", py_version=python)
            assert accepts(manifest) == IN_BULK.is_valid(manifest), (version, region)


def test_what_goes_together_in_hugging_face_is_accepted_by_both_or_by_neither(accepts: Accepts) -> None:
    framework = frameworks.of_name("huggingface")
    smallest = {key: value for key, value in SMALLEST.items() if key != "framework_version"}
    smallest |= {"framework": "huggingface", "instance_type": "ml.g5.2xlarge"}
    under = dict.fromkeys(name.partition("+")[2] for name in framework.versions())
    for own in dict.fromkeys(name.partition("+")[0] for name in framework.versions()):
        for base in under:
            name = next(name for name in framework.bases if base.startswith(name))
            versions = {"transformers_version": own, framework.bases[name]: base.removeprefix(name)}
            release = framework.release(f"{own}+{base}")
            manifest = {**smallest, **versions, "py_version": release.pythons[-1] if release else "py310"}
            assert accepts(manifest) == IN_BULK.is_valid(manifest), versions


def harvest() -> dict[str, list[Any]]:
    """Field → the values that the rules' pages give it, and some that suit nothing."""
    found: dict[str, list[Any]] = {field: [None, True, 7, "x", "{{ vars.x }}", [], {}] for field in Job.fields}
    for rule in RULES.by_name.values():
        for example in (rule.page.example("Bad"), rule.page.example("Good")):
            for over in parts(example):
                for field, value in (over or {}).items():
                    found.setdefault(field, []).append(value)
    for version in ("1.4", "1.10", "1.12", "1.15", "2.0", "2.8", "2.11", "2.16", "2.19"):
        found["framework_version"].append(version)
    for python in ("py2", "py3", "py37", "py39", "py310", "py312"):
        found["py_version"].append(python)
    return found


VALUES = harvest()
BASES = [SMALLEST, *(manifest for rule in RULES.by_name.values() for manifest in laid_over(rule.page.example("Good")))]
FIELDS = st.sampled_from(sorted(VALUES))
CHANGES = st.lists(FIELDS.flatmap(lambda field: st.tuples(st.just(field), st.sampled_from(VALUES[field]))), max_size=2)


WRITTEN_ALWAYS = {"apiVersion", "kind", "name", "framework", "image_uri"}
"""What an editor takes to stand in the manifest itself, as docs/editors.md says."""


@given(base=st.sampled_from(BASES), changes=CHANGES, elsewhere=st.sets(FIELDS))
@settings(max_examples=400)
def test_no_manifest_that_the_validator_accepts_is_refused_by_the_schema(
    base: dict[str, Any], changes: list[tuple[str, Any]], elsewhere: set[str], accepts: Accepts
) -> None:
    """Not even where some of its fields stand in its defaults, so that an editor does not see them."""
    manifest = {**base, **dict(changes)}
    seen = {field: value for field, value in manifest.items() if field in WRITTEN_ALWAYS or field not in elsewhere}
    if not (IN_BULK.is_valid(manifest) and IN_BULK.is_valid(seen)):
        assert not accepts(manifest)


# Defaults documents


def test_defaults_may_hold_any_field_and_their_own_settings() -> None:
    own = {"project": "vision", "vars": {"n": 1}, "prices": "prices.json", "max_job_cost": 50}
    prod = {"vars": {"n": 2}, "instance_type": "ml.g5.xlarge", "max_job_cost": 500}
    assert (
        refused({"apiVersion": "sagespec/v1", "kind": "Defaults", **own, "environments": {"prod": prod}}, DEFAULTS)
        == set()
    )


def test_a_contradiction_in_defaults_may_be_replaced_by_a_manifest() -> None:
    """Half of it may be: so it is refused in a manifest, and not in the defaults."""
    contradiction = {"framework_version": "2.19", "py_version": "py37"}
    assert refused({"kind": "Defaults", **contradiction}, DEFAULTS) == set()
    assert refused({**SMALLEST, **contradiction}) == {"py_version"}


@pytest.mark.parametrize("unknown", ["banana", "train_max_run", "exclude"])
def test_an_unknown_field_is_refused_in_defaults_and_in_their_environments(unknown: str) -> None:
    assert refused({"kind": "Defaults", unknown: 1}, DEFAULTS) == {""}
    assert refused({"kind": "Defaults", "environments": {"prod": {unknown: 1}}}, DEFAULTS) == {"environments"}


# Endpoints

OF_ENDPOINTS = kind_named("Endpoint").rules.by_name


def refused_of_endpoint(over: Mapping[str, Any], validator: Draft7Validator = ENDPOINTS) -> bool:
    merged = {**ENDPOINT, **over}
    return not validator.is_valid({name: value for name, value in merged.items() if value is not None})


@pytest.mark.parametrize("rule", OF_ENDPOINTS.values(), ids=OF_ENDPOINTS)
def test_the_schema_of_endpoints_refuses_nothing_that_a_rule_s_page_calls_good(rule: Any) -> None:
    for title in ("Good", "Bad") if rule.severity is Severity.WARNING else ("Good",):
        if rule.name != "secret-in-manifest":  # whose example is a training job's
            for over in yaml.safe_load_all(rule.page.example(title)):
                assert not refused_of_endpoint(over), over


def of_endpoints(*titles: str) -> Iterator[dict[str, Any]]:
    """What the rules' examples lay over the smallest endpoint."""
    for title in titles:
        for rule in OF_ENDPOINTS.values():
            yield from (over or {} for over in yaml.safe_load_all(rule.page.example(title)))


ENDPOINT_CHANGES = [{name: value} for over in of_endpoints("Bad", "Good") for name, value in over.items()]
WRITTEN_OF_ENDPOINTS = WRITTEN_ALWAYS | {"endpoint_type"}


@given(
    over=st.sampled_from(list(of_endpoints("Good"))),
    changes=st.lists(st.sampled_from(ENDPOINT_CHANGES), max_size=2),
    elsewhere=st.sets(st.sampled_from(sorted(kind_named("Endpoint").model.fields)), max_size=6),
)
@settings(max_examples=200)
def test_no_endpoint_that_the_validator_accepts_is_refused_by_the_schema(
    over: dict[str, Any], changes: list[dict[str, Any]], elsewhere: set[str], accepts: Accepts
) -> None:
    merged = {name: value for each in (ENDPOINT, over, *changes) for name, value in each.items()}
    manifest = {name: value for name, value in merged.items() if value is not None}
    seen = {name: value for name, value in manifest.items() if name in WRITTEN_OF_ENDPOINTS or name not in elsewhere}
    if not (ENDPOINTS.is_valid(manifest) and ENDPOINTS.is_valid(seen)):
        assert not accepts(manifest)


@pytest.mark.parametrize("name", ["serverless-conflict", "two-models", "model-source-with-code", "reserved-tag"])
def test_the_schema_of_endpoints_refuses_what_a_rule_s_page_calls_bad(name: str) -> None:
    for over in yaml.safe_load_all(OF_ENDPOINTS[name].page.example("Bad")):
        assert refused_of_endpoint(over)


@pytest.mark.parametrize(
    "over",
    [
        {"initial_instance_count": 0},
        {"image": "x"},
        {"model_data": 3},
        {"model_data": {"s3_data_source": {"s3_uri": 1}}},
        {"endpoint_type": "tfs"},
        {"max_run": 3600},
        {"request": {"create_training_job": {}}},
    ],
)
def test_the_schema_of_endpoints_refuses_what_the_validator_refuses(over: dict[str, Any], judge: Any) -> None:
    assert judge(yaml.safe_dump({**ENDPOINT, **over})).request is None
    assert refused_of_endpoint(over)


@pytest.mark.parametrize(
    "over",
    [
        {"model_data": "s3://{{ vars.bucket }}/model.tar.gz"},
        {"model_data": "{{ vars.model }}"},
        {"model_data": None, "training_job": "mnist"},
        {"model_data": {"s3_data_source": {"s3_uri": "s3://bucket/model/"}}},
        {"initial_instance_count": "{{ vars.count }}"},
        {"matrix": {"size": ["large", "xlarge"]}},
        {"instance_type": "ml.t2.medium"},
        {"instance_type": "ml.z9.large"},
        {
            "instance_type": "ml.inf1.xlarge",
            "production_variants": [{"variant_name": "a", "instance_type": "ml.m5.large"}],
        },
        {"region": "eu-south-2", "image_uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/serving:1"},
    ],
)
def test_the_schema_of_endpoints_takes_what_the_validator_takes(over: dict[str, Any]) -> None:
    assert not refused_of_endpoint(over)


def test_every_field_of_endpoints_is_described() -> None:
    for fields in (schema("endpoint")["properties"], schema("defaults")["properties"]["Endpoint"]["properties"]):
        described = {name for name, shape in fields.items() if shape.get("description")}
        assert described >= set(kind_named("Endpoint").model.fields) - {"apiVersion", "kind"}


@pytest.mark.parametrize(
    ("defaults", "fine"),
    [
        ({"Endpoint": {"instance_type": "ml.t2.medium", "env": {"A": "1"}}}, True),
        ({"TrainingJob": {"max_run": 3600, "channels": {"train": "s3://bucket/train"}}}, True),
        ({"initial_instance_count": 2, "env": {"A": "1"}, "max_run": 3600}, True),
        ({"environments": {"prod": {"Endpoint": {"initial_instance_count": 4}}}}, True),
        ({"Endpoint": None}, True),
        ({"Endpoint": {"max_run": 3600}}, False),
        ({"TrainingJob": {"initial_instance_count": 2}}, False),
        ({"initial_instance_count": "many"}, False),
        ({"Endpoint": {"image": "x"}}, False),
    ],
)
def test_defaults_have_sections_for_each_kind(defaults: dict[str, Any], fine: bool) -> None:
    assert DEFAULTS.is_valid({"kind": "Defaults", **defaults}) is fine


@pytest.mark.parametrize("kind", KINDS)
def test_every_snippet_is_a_manifest_that_is_right(kind: str, judge: Judge) -> None:
    schema = json.loads((SCHEMAS / file_name(kind)).read_text(encoding="utf-8"))
    [snippet] = schema["defaultSnippets"]
    text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", json.dumps(snippet["body"]))
    assert json.loads(text) == kind_named(kind).snippet.manifest
    Draft7Validator(schema).validate(json.loads(text))
    result = judge(text)
    assert [found.message for found in result.diagnostics if found.severity is Severity.ERROR] == []
