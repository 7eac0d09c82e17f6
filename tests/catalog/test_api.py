"""Requests against the API's model: botocore, jsonschema and Java's rules for patterns are the witnesses."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from conftest import REPOSITORY
from sagespec.base.files import data_folder
from sagespec.building import api_check as api
from sagespec.building.api_check import ApiComplaint
from sagespec.catalog import api_members, tables
from sagespec.catalog.api_fits import LONG, for_ascii
from sagespec.catalog.refresh import java_regex

SCHEMA: dict[str, Any] = json.loads((data_folder("schemas") / "create-training-job.schema.json").read_text())
INPUT = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateTrainingJob").input_shape

WITNESS = Draft202012Validator(SCHEMA)

SMALLEST: dict[str, Any] = {
    "TrainingJobName": "mnist-0123456789",
    "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "123.dkr.ecr.eu-west-1.amazonaws.com/a:b"},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/artifacts"},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}

LARGE: dict[str, Any] = copy.deepcopy(SMALLEST) | {
    "HyperParameters": {"batch-size": "512", "sagemaker_program": '"train.py"', "empty": ""},
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": "s3://bucket/train",
                    "S3DataDistributionType": "ShardedByS3Key",
                }
            },
            "InputMode": "FastFile",
            "ShuffleConfig": {"Seed": 2**40},
        },
        {
            "ChannelName": "lustre",
            "DataSource": {
                "FileSystemDataSource": {
                    "FileSystemId": "fs-0123456789abcdef0",
                    "FileSystemAccessMode": "ro",
                    "FileSystemType": "FSxLustre",
                    "DirectoryPath": "/fsx/data",
                }
            },
        },
    ],
    "VpcConfig": {"SecurityGroupIds": ["sg-0a1b"], "Subnets": ["subnet-0a1b", "subnet-0a1c"]},
    "Tags": [{"Key": "équipe", "Value": "vision 2"}, {"Key": "sagespec:digest", "Value": ""}],
    "Environment": {"LOG_LEVEL": "debug", "TEXT": "two\nlines"},
    "EnableManagedSpotTraining": True,
    "RetryStrategy": {"MaximumRetryAttempts": 30},
    "DebugHookConfig": {"S3OutputPath": "s3://bucket/debug", "CollectionConfigurations": []},
}


def at(request: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The request with the value at the path replaced, or set; `...` takes it away."""
    changed = copy.deepcopy(request)
    target: Any = changed
    for step in path[:-1]:
        target = target[step]
    if value is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return changed


def same_botocore() -> None:
    """Skips where botocore has moved on since the data were fetched: then the data are old, not wrong."""
    installed = f"botocore {metadata.version('botocore')}"
    if tables.table("api")["_source"] != installed:
        pytest.skip(f"installed: {installed}; the data are of {tables.table('api')['_source']}")


# The schema against botocore


def shapes(shape: Any, node: dict[str, Any], path: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every shape below the request beside its node of the schema."""
    node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    yield path, shape, node
    if node == {"not": {}}:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from shapes(member, node["properties"][name], f"{path}.{name}")
    elif shape.type_name == "list":
        yield from shapes(shape.member, node["items"], f"{path}[]")
    elif shape.type_name == "map":
        yield from shapes(shape.key, node["propertyNames"], f"{path}{{key}}")
        yield from shapes(shape.value, node["additionalProperties"], f"{path}{{value}}")


TYPES = {"structure": "object", "map": "object", "list": "array", "long": "integer"}
ENDS = {"object": "Properties", "array": "Items", "string": "Length"}


def test_the_schema_says_all_that_botocores_model_says() -> None:
    same_botocore()
    refused = []
    for path, shape, node in shapes(INPUT, SCHEMA, ""):
        if node == {"not": {}}:
            refused.append(path)
            continue
        assert node["type"] == TYPES.get(shape.type_name, shape.type_name), path
        end = ENDS.get(node["type"], "imum")
        said = {"min": node.get(f"min{end}"), "max": node.get(f"max{end}"), "enum": node.get("enum")}
        said |= {"pattern": node.get("$comment") if "pattern" in node else None}
        if node["type"] == "integer":  # where the model says nothing, the integer's own size holds
            size = 63 if shape.type_name == "long" else 31
            said |= {key: None for key, own in (("min", -(2**size)), ("max", 2**size - 1)) if said[key] == own}
        assert said == {key: shape.metadata.get(key) for key in said}, path
        if shape.type_name == "structure":
            assert set(node["properties"]) == set(shape.members), path
            assert set(node.get("required", [])) == set(shape.required_members), path
            assert node["additionalProperties"] is False
    assert refused == [".ResourceConfig.SelectedInstanceType", ".ResourceConfig.SelectedInstanceCount"]


def test_every_member_of_botocores_model_is_known_by_its_path() -> None:
    same_botocore()
    seen = {path.removeprefix(".") for path, _, node in shapes(INPUT, SCHEMA, "")} - {""}
    assert seen == set(api_members())


def test_the_schema_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def serverless() -> dict[str, Any]:
    needless = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
    rest = {name: value for name, value in SMALLEST.items() if name not in needless}
    arn = "arn:aws:sagemaker:us-east-1:aws:hub-content/PublicHub/Model/llama/1.0.0"
    return rest | {"ServerlessJobConfig": {"BaseModelArn": arn, "JobType": "FineTuning"}}


ACCEPTED = {
    "smallest": SMALLEST,
    "large": LARGE,
    "serverless": serverless(),
    "name of 63": at(SMALLEST, ("TrainingJobName",), "a" * 63),
    "alphabets": at(LARGE, ("Tags", 0, "Value"), "наука 科学 ½ Ⅷ"),
    "instance groups": at(
        SMALLEST,
        ("ResourceConfig",),
        {"InstanceGroups": [{"InstanceType": "ml.c5.xlarge", "InstanceCount": 2, "InstanceGroupName": "data"}]},
    ),
}


@pytest.mark.locked  # an older botocore does not know what our model allows
@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_right_is_right_for_botocore_and_jsonschema_too(name: str) -> None:
    request = ACCEPTED[name]
    assert list(api.check(request)) == []
    assert list(WITNESS.iter_errors(request)) == []
    assert ParamValidator().validate(request, INPUT).generate_report() == ""


# Complaints

COMPLAINTS: list[tuple[tuple[str | int, ...], Any, ApiComplaint]] = [
    (
        ("TrainingJobName",),
        "a" * 80,
        ApiComplaint(("TrainingJobName",), f"'{'a' * 58}… has 80 characters; the most is 63", "length"),
    ),
    (
        ("TrainingJobName",),
        "",
        ApiComplaint(("TrainingJobName",), "'' has 0 characters; the least is 1", "length"),
    ),
    (
        ("TrainingJobName",),
        "my_job",
        ApiComplaint(("TrainingJobName",), "'my_job' does not match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "pattern"),
    ),
    (
        ("TrainingJobName",),
        "job\n",
        ApiComplaint(("TrainingJobName",), r"'job\n' does not match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "pattern"),
    ),
    (
        ("HyperParameters", "note"),
        "two\u2028lines",
        ApiComplaint(
            ("HyperParameters", "note"),
            r"'two\u2028lines' holds a line break, which the service refuses here",
            "pattern",
        ),
    ),
    (
        ("HyperParameters", "k" * 257),
        "1",
        ApiComplaint(("HyperParameters", "k" * 257), f"'{'k' * 58}… has 257 characters; the most is 256", "length"),
    ),
    (("HyperParameters", "epochs"), 10, ApiComplaint(("HyperParameters", "epochs"), "10 is not a string", "type")),
    (
        ("HyperParameters",),
        {str(number): "" for number in range(101)},
        ApiComplaint(("HyperParameters",), "has 101 entries; the most is 100", "size"),
    ),
    (
        ("Environment", "1ST"),
        "x",
        ApiComplaint(("Environment", "1ST"), "'1ST' does not match [a-zA-Z_][a-zA-Z0-9_]*", "pattern"),
    ),
    (("VpcConfig", "Subnets"), [], ApiComplaint(("VpcConfig", "Subnets"), "has 0 entries; the least is 1", "size")),
    (("VpcConfig", "Subnets"), ..., ApiComplaint(("VpcConfig",), "Subnets is missing", "required")),
    (("StoppingCondition",), ..., ApiComplaint((), "StoppingCondition is missing", "required")),
    (
        ("StoppingCondition", "MaxRuntimeInSeconds"),
        0,
        ApiComplaint(("StoppingCondition", "MaxRuntimeInSeconds"), "0 is out of range; the least is 1", "range"),
    ),
    (
        ("StoppingCondition", "MaxRuntimeInSeconds"),
        0.5,
        ApiComplaint(("StoppingCondition", "MaxRuntimeInSeconds"), "0.5 is not an integer", "type"),
    ),
    (
        ("StoppingCondition", "MaxRuntimeInSeconds"),
        3600.0,
        ApiComplaint(("StoppingCondition", "MaxRuntimeInSeconds"), "3600.0 is not an integer", "type"),
    ),
    (
        ("StoppingCondition", "MaxRuntimeInSeconds"),
        2**31,
        ApiComplaint(
            ("StoppingCondition", "MaxRuntimeInSeconds"), "2147483648 is out of range; the most is 2147483647", "range"
        ),
    ),
    (
        ("ResourceConfig", "InstanceCount"),
        True,
        ApiComplaint(("ResourceConfig", "InstanceCount"), "true is not an integer", "type"),
    ),
    (
        ("ResourceConfig", "VolumeSizeInGB"),
        None,
        ApiComplaint(("ResourceConfig", "VolumeSizeInGB"), "is null; leave it out, or give an integer", "type"),
    ),
    (
        ("ResourceConfig", "InstanceType"),
        "ml.g5.xlrage",
        ApiComplaint(
            ("ResourceConfig", "InstanceType"),
            f"'ml.g5.xlrage' is not among the {len(api_members()['ResourceConfig.InstanceType'].enum)} values that "
            "we know; did you mean ml.g5.xlarge?",
            "enum",
        ),
    ),
    (
        ("InputDataConfig", 0, "InputMode"),
        "Fast",
        ApiComplaint(("InputDataConfig", 0, "InputMode"), "'Fast' is not Pipe or File or FastFile", "enum"),
    ),
    (
        ("InputDataConfig", 0, "InputMode"),
        5,
        ApiComplaint(("InputDataConfig", 0, "InputMode"), "5 is not a string", "type"),
    ),
    (
        ("ResourceConfig", "SelectedInstanceCount"),
        1,
        ApiComplaint(
            ("ResourceConfig", "SelectedInstanceCount"),
            "SelectedInstanceCount is set by the service; leave it out",
            "read-only",
        ),
    ),
    (
        ("ResourceConfig", "InstanceTyp"),
        "ml.g5.xlarge",
        ApiComplaint(
            ("ResourceConfig", "InstanceTyp"),
            "'InstanceTyp' is not a member of ResourceConfig; did you mean InstanceType?",
            "unknown",
        ),
    ),
    (
        ("InputDataConfig", 1, "Shuffle"),
        {},
        ApiComplaint(
            ("InputDataConfig", 1, "Shuffle"),
            "'Shuffle' is not a member of InputDataConfig; did you mean ShuffleConfig?",
            "unknown",
        ),
    ),
    (("Zzzzz",), 1, ApiComplaint(("Zzzzz",), "'Zzzzz' is not a member of CreateTrainingJob", "unknown")),
    (("Tags",), {"team": "vision"}, ApiComplaint(("Tags",), "a mapping is not a list", "type")),
]


@pytest.mark.parametrize(("path", "value", "complaint"), COMPLAINTS)
def test_what_the_service_would_refuse_is_complained_about_once_and_in_words(
    path: tuple[str | int, ...], value: Any, complaint: ApiComplaint
) -> None:
    assert list(api.check(at(LARGE, path, value))) == [complaint]


def test_all_complaints_come_at_once() -> None:
    wrong = at(at(at(LARGE, ("RoleArn",), ...), ("VpcConfig", "Subnets"), []), ("Tags", 1, "Kee"), "x")
    wrong = at(wrong, ("TrainingJobName",), "my_job" * 20)
    assert {(complaint.path, complaint.kind) for complaint in api.check(wrong)} == {
        ((), "required"),
        (("TrainingJobName",), "length"),
        (("TrainingJobName",), "pattern"),
        (("VpcConfig", "Subnets"), "size"),
        (("Tags", 1, "Kee"), "unknown"),
    }


@pytest.mark.parametrize("length", [128, 129])
def test_lengths_are_counted_in_utf_16_units(length: int) -> None:
    """128 letters beyond U+FFFF are 256 units, the most that a tag's value may have."""
    letter = "\U00010400"
    request = at(LARGE, ("Tags", 0, "Value"), letter * length)
    message = f"'{letter * 58}… has 258 UTF-16 units; the most is 256"
    expected = [] if length == 128 else [ApiComplaint(("Tags", 0, "Value"), message, "length")]
    assert list(api.check(request)) == expected
    assert WITNESS.is_valid(request)


def test_the_short_form_of_a_long_pattern_judges_ascii_as_the_whole() -> None:
    definitions = json.loads((REPOSITORY / "schemas" / "create-training-job.schema.json").read_text())["$defs"]
    patterns = [each["pattern"] for each in definitions.values() if len(each.get("pattern", "")) > LONG]
    assert len(patterns) == 2  # a tag's key and value
    for pattern in patterns:
        short = for_ascii(pattern)
        assert (len(short) < 60, short.isascii()) == (True, True)
        for text in [form.format(chr(code)) for code in range(128) for form in ("{}", "a{}", "{}z9", "{0}{0}")]:
            assert bool(re.search(short, text)) == bool(re.search(pattern, text)), text


def test_a_message_never_repeats_a_huge_value() -> None:
    for path, value in ((("RoleArn",), "x" * 10**6), (("Tags",), "x" * 10**6), (("y" * 10**5,), ["x"] * 10**5)):
        complaints = list(api.check(at(LARGE, path, value)))
        assert complaints
        assert max(len(complaint.message) for complaint in complaints) < 250


def test_a_right_request_costs_no_import_of_jsonschema() -> None:
    code = (
        "import sys, json; from sagespec.building import api_check as api\n"
        "print(list(api.check(json.load(sys.stdin))), [n for n in ('jsonschema', 'botocore') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=json.dumps(LARGE), capture_output=True, text=True)
    assert done.stdout == "[] []\n", done.stderr


PLACES = [*(path for path, value, _ in COMPLAINTS if value is not ...), ("Tags", 0, "Key"), ("ServerlessJobConfig",)]
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [..., None, True, -1, 0, 1, 40, 2**31, 2**63, "", "s3://b/k", "ml.c5.xlarge", "File", "a\nb", [], {}]
    ),
    st.text(st.characters(max_codepoint=0xD7FF), max_size=70),
    st.lists(st.sampled_from(["subnet-1", "_", {"Key": "a", "Value": "b"}, {"Key": ""}]), max_size=20),
    st.dictionaries(st.sampled_from(["A", "b\n", "S3Uri", "1"]), st.sampled_from(["x", "\r", 1]), max_size=4),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_a_request_is_refused_exactly_when_jsonschema_refuses_it(
    changes: list[tuple[tuple[str | int, ...], Any]],
) -> None:
    """Texts here have no character beyond U+FFFF, of which JSON Schema and the service count differently."""
    request = LARGE
    for path, value in changes:
        try:
            request = at(request, path, value)
        except (KeyError, IndexError, TypeError):
            assume(False)
    assert bool(list(api.check(request))) == (not WITNESS.is_valid(request))


# Patterns

PATTERNS = sorted({member.pattern for member in api_members().values() if member.pattern})
TAG = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
ODD = [*"\n\r\x85\u2028\u2029\x0b\x1c ", *"é٣²ª\u3000\u200b𝟘😀", *"/:.-_=+@,{}[]^$\\", "\r\n"]


def java_matches(pattern: str, text: str) -> bool:
    """Java's full match, said in another way than the translation does: ASCII classes, and its dot spelt out."""
    if pattern == TAG:
        return all(char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN" for char in text)
    plain = pattern.replace(r"[\p{Alnum}\-]", "[a-zA-Z0-9-]")
    dot = "[^\n\r\x85\u2028\u2029]"
    spelt = re.sub(r"\\.|\[(?:\\.|[^\]])*\]|\.", lambda found: dot if found[0] == "." else found[0], plain)
    # Java's \s, and so \S, have no U+001C to U+001F, which Python's do.
    spelt = spelt.replace(r"[\S]", "[^ \t\n\x0b\f\r]")
    return re.fullmatch(spelt, text, re.ASCII) is not None


def matching(pattern: str) -> st.SearchStrategy[str]:
    plain = pattern.replace(r"\p{Alnum}", "a-z0-9").replace(r"\p{L}\p{Z}\p{N}", "a-z0-9 éß½Ⅷ科")
    return st.from_regex(re.compile(plain, re.ASCII), fullmatch=True)


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_pattern_means_what_it_means_in_java(pattern: str, data: st.DataObject) -> None:
    text = data.draw(matching(pattern))
    at_index = data.draw(st.integers(0, len(text)))
    text = text[:at_index] + data.draw(st.sampled_from(["", *ODD])) + text[at_index + data.draw(st.integers(0, 1)) :]
    # Later versions of Unicode name more letters; those of 3.2 are letters in every Python.
    assume(all(unicodedata.ucd_3_2_0.category(char) != "Cn" for char in text))
    translated = next(node["pattern"] for node in SCHEMA["$defs"].values() if node.get("$comment") == pattern)
    assert (re.search(translated, text) is not None) == java_matches(pattern, text)


@pytest.mark.parametrize("pattern", ["^a", "a^", "(?i)a", "a++", "[a&&b]", "[a[b]]", r"\bx", r"a\1", "[a"])
def test_syntax_that_the_translation_does_not_know_is_refused_and_not_guessed(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"unknown|possessive"):
        java_regex.translated(pattern, {})


# Paths


def test_a_path_of_the_request_is_looked_up() -> None:
    count = api.member("ResourceConfig.InstanceCount")
    assert count is not None
    assert (count.type, count.min, count.max, count.required) == ("integer", 0, None, False)
    key = api.member(("Tags", 0, "Key"))
    assert key is not None
    assert (key.path, key.required, key.max) == ("Tags[].Key", True, 128)
    value = api.member(("HyperParameters", "learning.rate"))
    assert value is not None
    assert value.max == 2500
    selected = api.member("ResourceConfig.SelectedInstanceType")
    assert selected is not None
    assert selected.read_only


def test_a_data_folder_that_is_not_there_is_reported() -> None:
    assert (data_folder("schemas") / "create-training-job.schema.json").is_file()
    with pytest.raises(FileNotFoundError, match="no folder 'nonsense'"):
        data_folder("nonsense")
