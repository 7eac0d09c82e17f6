"""The model's declarations, and what is made of them; pydantic's own models are the witness."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import ValidationError

from conftest import SMALLEST
from reading.pydantic_models import model_of
from sagespec.base.source import Source
from sagespec.kinds.training_job.model import Channel as JobChannel
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.model.distribution import ParameterServer, Strategy
from sagespec.kinds.training_job.model.job import OnFailure
from sagespec.reading.binding import bind
from sagespec.reading.constraints import Described, Limits, Lone
from sagespec.reading.part import Part, Unknown, field
from sagespec.reading.render import Inputs, Vocabulary, render
from sagespec.reading.shape import shape_of_part
from sagespec.reading.syntax.reader import read
from sagespec.reading.validation import path_of, validated
from sagespec.reporting.schema.model import model_schema

OURS = [part for part in Part.__subclasses__() + Strategy.__subclasses__() if part.__module__.startswith("sagespec.")]


def made(data: Any) -> Any:
    return validated(shape_of_part(Job), data)


SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3_000_000),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            "s3://bucket/prefix",
            "data",
            "file://data",
            "ml.m5.xlarge",
            "local",
            "2.19",
            "py312",
            "File",
            "Gzip",
            "fs-0123abcd",
        ]
    ),
)
NAMES = sorted({name for part in OURS for name in part.fields})
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


def judged(validate: Any, data: Any) -> Any:
    """What was made of the data; or the complaints."""
    try:
        made = validate(data)
    except (ValidationError, pydantic.ValidationError) as error:
        found = error.errors(include_url=False)
        return [(each["type"], path_of(data, each["loc"]), each["msg"], each.get("ctx")) for each in found]
    return plain(made)


def plain(value: Any) -> Any:
    if isinstance(value, Part):
        return {"": value.fields_set, **{name: plain(item) for name, item in value.members().items()}}
    if isinstance(value, pydantic.BaseModel):
        return {"": value.model_fields_set, **{name: plain(item) for name, item in value}}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=500)
@given(over=st.dictionaries(st.sampled_from([*Job.fields, "InstanceType", "channel"]), VALUES, max_size=5))
def test_the_model_says_what_pydantics_own_says_of_the_same_annotations(over: dict[str, Any]) -> None:
    data = {**SMALLEST, **over}
    assert judged(made, data) == judged(model_of(Job).model_validate, data)


@pytest.mark.parametrize("part", OURS, ids=lambda part: part.__name__)
def test_every_part_has_pydantics_fields_and_defaults_and_describes_them(part: type[Part]) -> None:
    model = model_of(part)
    assert list(model.model_fields) == list(part.fields)
    defaults = {name: each.default for name, each in model.model_fields.items() if not each.is_required()}
    assert plain(defaults) == plain({name: each.default for name, each in part.fields.items() if not each.required})
    assert [name for name, each in part.fields.items() if not each.doc.endswith(".")] == []


@pytest.mark.parametrize("part", OURS, ids=lambda part: part.__name__)
def test_a_part_s_json_schema_is_pydantic_s_but_for_titles_and_descriptions(part: type[Part]) -> None:
    """Titles: pydantic makes them of names. Where both describe a value, ours is the field's."""
    ours, theirs = bare(model_schema(part)), bare(model_of(part).model_json_schema())
    assert ours == {"$defs": {}, **theirs}


def bare(schema: Any, names: bool = False) -> Any:
    """Without titles and descriptions; where `names` stand, they are not keywords.

    That any further member is allowed goes without saying: pydantic 2.10 does not say it.
    """
    if isinstance(schema, list):
        return [bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = () if names else ("title", "description")
    kept = {
        key: value
        for key, value in schema.items()
        if key not in dropped and (key, value) != ("additionalProperties", True)
    }
    return {key: bare(value, key in ("properties", "$defs")) for key, value in kept.items()}


def test_jobs_share_no_default_that_can_change() -> None:
    one, other = made(SMALLEST), made(SMALLEST)
    assert one == other
    shared = [name for name in Job.fields if isinstance(getattr(one, name), dict | list)]
    assert "tags" in shared
    assert [name for name in shared if getattr(one, name) is getattr(other, name)] == []


def test_a_part_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="OnFailure is frozen"):
        OnFailure().retry = "always"
    assert OnFailure().retry == "infrastructure"


def test_a_partial_part_knows_no_more_than_it_was_given() -> None:
    part = OnFailure.partial({"max_attempts": 5}, {"retry"})
    assert (part.max_attempts, part.fields_set) == (5, {"max_attempts"})
    with pytest.raises(Unknown, match="retry"):
        part.retry  # noqa: B018
    with pytest.raises(AttributeError, match="OnFailure has no colour"):
        part.colour  # noqa: B018


# What any kind's model may do


class Channel(Part):
    """A class that is called as one of the training job's."""

    capacity: Annotated[int, Limits(ge=1), Described("a whole number, 1 or more")] = field("How much fits in.")


class Named(Part):
    name: Annotated[str, Limits(pattern="^[a-z]+$"), Described("small letters", "red")] = field("What it is called.")
    colours: list[str] = field("What it is painted with.", [], hint="write a list, for example [red]")


class Box(Named):
    """A model that has nothing to do with training jobs."""

    renamed: ClassVar[Mapping[str, str]] = {"tint": "colours"}
    renaming: ClassVar[str] = "'{old}' is called '{new}' in a box"

    colours: list[Annotated[str, Limits(pattern="^[a-z]+$")]] = field(
        "In small letters.", [], hint="write a list, for example [red]", form="a colour"
    )
    channels: Annotated[dict[str, Channel], Lone("only", lambda value: "capacity" in value)] = field("Holes.", {})


def bound(text: str) -> Any:
    (document,) = read(Source("box.yaml", text, Path()))
    (manifest,) = render(document, (), Inputs(), Vocabulary("Box"))
    return bind(manifest, Box)


def test_a_part_has_the_fields_of_its_bases_and_may_declare_one_anew() -> None:
    assert list(Box.fields) == ["name", "colours", "channels"]
    assert Box.fields["name"].doc == Named.fields["name"].doc == "What it is called."
    assert (Box.fields["colours"].doc, Named.fields["colours"].doc) == ("In small letters.", "What it is painted with.")
    assert (ParameterServer().enabled, list(ParameterServer.fields)) == (False, ["enabled"])


BOXES = ({"name": "b"}, {"name": "B"}, {"name": "b", "colours": ["Red", ""]}, {"channels": {"capacity": 1}}, {"a": 1})


@pytest.mark.parametrize("data", BOXES)
def test_inherited_fields_are_judged_as_pydantic_judges_them(data: dict[str, Any]) -> None:
    ours = judged(lambda data: validated(shape_of_part(Box), data), data)
    assert ours == judged(model_of(Box).model_validate, data)


def test_two_models_may_each_have_a_part_of_one_name() -> None:
    box = bound("name: b\nchannels: {left: {capacity: 2}}\n")
    assert (box.diagnostics, box.model.channels["left"]) == ((), Channel.partial({"capacity": 2}, set()))
    assert made({**SMALLEST, "channels": "s3://bucket/data"}).channels["training"].s3_data == "s3://bucket/data"
    assert model_schema(Box)["$defs"].keys() == {"Channel"}


def test_two_parts_of_one_name_in_one_model_are_refused_in_its_schema() -> None:
    class Both(Part):
        one: Channel = field("Ours.")
        other: JobChannel = field("Theirs.")

    with pytest.raises(ValueError, match="two parts of Both have one name"):
        model_schema(Both)


COMPLAINTS = {
    "name: b\ntint: [red]\n": "'tint' is called 'colours' in a box | write colours: …",
    "name: b\ncolour: [red]\n": "there is no field 'colour' | did you mean 'colours'?",
    "name: b\nRoleArn: x\n": "there is no field 'RoleArn' | known here: channels, colours, matrix, name",
    "name: b\ncolours: red\n": "colours must be a list, not 'red' | write colours: [red]",
    "name: b\ncolours: [Red]\n": "colours[0] must be a colour, not 'Red' | ",
    "name: B\n": "name must be small letters, not 'B' | for example red",
    "colours: [red]\n": "'name' is missing | add name: \"red\"",
    "name: b\nchannels: {capacity: 0}\n": "channels.only.capacity is 0; the least is 1 | ",
}


@pytest.mark.parametrize("text", COMPLAINTS)
def test_the_wording_follows_from_what_the_model_declares(text: str) -> None:
    (found,) = bound(text).diagnostics
    assert f"{found.message} | {found.hint}" == COMPLAINTS[text]


def test_a_lone_value_is_found_where_it_is_written() -> None:
    box = bound("name: b\nchannels:\n  capacity: 0\n")
    (found,) = box.diagnostics
    assert (found.span.line, found.field) == (3, ("channels", "only", "capacity"))
    assert box.model.channels["only"].members() == {}


DOCUMENTED = """
from sagespec.kinds.training_job.model import Job
print(Job.__doc__, Job.fields["max_run"].doc)
"""


def test_fields_are_described_at_run_time_even_without_docstrings() -> None:
    ended = subprocess.run([sys.executable, "-OO", "-c", DOCUMENTED], capture_output=True, text=True, check=True)
    assert ended.stdout == "None Seconds that training may take before it is stopped; at most 28 days.\n"


SAME_CLASSES = """
import sagespec.reading.core as ours
import pydantic_core, pydantic
for name in ("PydanticKnownError", "SchemaValidator", "ValidationError"):
    assert getattr(ours, name) is getattr(pydantic_core, name) is getattr(pydantic_core._pydantic_core, name)
assert pydantic.TypeAdapter(int).validate_python(3) == 3
"""


@pytest.mark.parametrize("before", ["", "import pydantic_core"], ids=["we are first", "it is first"])
def test_a_program_may_use_pydantic_beside_us(before: str) -> None:
    """We load the extension module of its core alone: there is one of each class all the same."""
    program = [sys.executable, "-c", before + SAME_CLASSES]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
