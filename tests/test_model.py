"""The model's declarations, and what pydantic makes of them beforehand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import SchemaValidator, ValidationError

from conftest import SMALLEST
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.model.build import COMPILED, compiled, model_of
from sagespec.kinds.training_job.model.compiled import SCHEMA
from sagespec.kinds.training_job.model.parts import OnFailure
from sagespec.reading.part import Part, Unknown

JOB = SchemaValidator(SCHEMA)

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
PARTS = {name: part for part in Part.__subclasses__() for name in part.fields}
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(PARTS)), inner, max_size=4),
    max_leaves=12,
)


def test_what_is_compiled_is_fresh(golden: Callable[[Path, str], None]) -> None:
    golden(COMPILED, compiled())
    ended = subprocess.run(
        [sys.executable, "-m", "sagespec.kinds.training_job.model.build", "--check"], capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def judged(validate: Any, data: Any) -> Any:
    """What was made of the data; or the complaints."""
    try:
        made = validate(data)
    except (ValidationError, pydantic.ValidationError) as error:
        return [(each["type"], each["loc"], each["msg"], each.get("ctx")) for each in error.errors(include_url=False)]
    return plain(made)


def plain(value: Any) -> Any:
    if isinstance(value, Part):
        return {"": value.fields_set, **{name: plain(item) for name, item in value.members().items()}}
    if isinstance(value, pydantic.BaseModel):
        return {"": value.model_fields_set, **{name: plain(item) for name, item in value}}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=500, deadline=None)
@given(over=st.dictionaries(st.sampled_from([*Job.fields, "InstanceType", "channel"]), VALUES, max_size=5))
def test_the_compiled_model_says_what_pydantics_own_says(over: dict[str, Any]) -> None:
    data = {**SMALLEST, **over}
    assert judged(JOB.validate_python, data) == judged(model_of(Job).model_validate, data)


@pytest.mark.parametrize("part", Part.__subclasses__(), ids=lambda part: part.__name__)
def test_every_part_is_compiled(part: type[Part]) -> None:
    model = model_of(part)
    assert tuple(model.model_fields) == part.fields
    defaults = {name: field.default for name, field in model.model_fields.items() if not field.is_required()}
    assert plain(defaults) == {name: plain(default) for name, default in part.defaults.items()}


def test_jobs_share_no_default_that_can_change() -> None:
    one, other = JOB.validate_python(SMALLEST), JOB.validate_python(SMALLEST)
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
