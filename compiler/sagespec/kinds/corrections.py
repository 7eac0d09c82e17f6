"""What an author probably meant, for each type of value that people write in a way of their own."""

from __future__ import annotations

import math
import re
from typing import Any

from sagespec.reading.render import as_name


def version(text: str) -> str | None:
    """v2.21, ==2.21 and tensorflow-2.21 are 2.21."""
    found = re.fullmatch(r"(?:[vV]|==?|[a-z]{2,20}[-= ]*)?\s*([0-9]+\.[0-9]+(?:\.[0-9]+)?)\s*", text, re.ASCII)
    return found[1] if found else None


def python(text: str) -> str | None:
    """3.10 is py310."""
    found = re.fullmatch(r"(?:[Pp]y(?:thon)?[-_ ]?)?3\.?([0-9]{1,2})(?:\.[0-9]+)?", text, re.ASCII)
    return f"py3{found[1]}" if found else None


def name(value: Any) -> str:
    """my_job is my-job."""
    corrected = as_name(value) if isinstance(value, str) else ""
    return f"write {corrected}" if corrected else ""


def instance_type(value: Any) -> str:
    """m5.xlarge is ml.m5.xlarge."""
    text = str(value).strip()[:100]
    found = re.fullmatch(r"(?:ml[-._ ])?(?!ml[-._ ])([a-z]+[0-9][a-z0-9]*)[-._ ]([a-z0-9]+)", text.lower(), re.ASCII)
    if found:
        return f"write ml.{found[1]}.{found[2]}"
    family = re.fullmatch(r"(?:ml\.)?([a-z]+[0-9][a-z0-9]*)", text, re.ASCII)
    return f"add a size: ml.{family[1]}.xlarge" if family else "an instance type looks like ml.m5.xlarge"


def s3_uri(text: str) -> str | None:
    """s3:/bucket/x, S3://bucket/x, arn:aws:s3:::bucket/x and the https address of S3 are s3://bucket/x."""
    if len(text) > 1024:
        return None
    place = r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<rest>/\S*)?"
    host = r"s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
    forms = (
        rf"(?i:s3[an]?):(?:/|//|///)?{place}",
        rf"arn:aws[a-z-]*:s3:::{place}",
        rf"https?://{host}/{place}",
        rf"https?://(?P<bucket>[a-z0-9][a-z0-9.-]+?)\.{host}(?P<rest>/\S*)?",
    )
    found = next((match for form in forms if (match := re.fullmatch(form, text.strip(), re.ASCII))), None)
    return f"s3://{found['bucket']}{found['rest'] or ''}" if found else None


def near_s3_uri(value: Any) -> str:
    """bucket/x may be s3://bucket/x."""
    text = str(value)
    if re.match(r"s3://[^/]*\s", text):
        return "a bucket's name has no blanks"
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]{2,62}(/\S*)?", text, re.ASCII):
        return f"write s3://{text}"
    return ""


def region(text: str) -> str | None:
    """us_west_2, US-WEST-2, us-west2 and its zone us-west-2a are us-west-2."""
    directions = "northeast|northwest|southeast|southwest|north|south|east|west|central"
    form = rf"([a-z]{{2}})[-_ ]?((?:gov|iso[a-z]?)[-_ ])?({directions})[-_ ]?([1-9])[a-f]?"
    found = re.fullmatch(form, text.strip().lower(), re.ASCII)
    return "-".join(filter(None, (found[1], (found[2] or "").strip("-_ "), found[3], found[4]))) if found else None


_FRAMEWORKS = {
    "tensorflow": ("tf", "tensorflow2", "keras", "tfkeras"),
    "pytorch": ("torch", "pytorchlightning", "lightning"),
    "huggingface": ("hf", "transformers"),
    "sklearn": ("scikitlearn", "scikit", "sklearn"),
    "xgboost": ("xgb",),
}


def framework(text: str) -> str | None:
    """TensorFlow, tf and keras are tensorflow."""
    letters = re.sub(r"[^a-z0-9]", "", text.lower())
    return next((name for name, others in _FRAMEWORKS.items() if letters in (name, *others)), None)


def framework_and_version(value: Any) -> str:
    """tensorflow==2.19 and {name: tensorflow, version: "2.19"} are two fields."""
    text = " ".join(map(str, value.values())) if isinstance(value, dict) else str(value)
    found = re.fullmatch(r"([A-Za-z][A-Za-z-]*?)[-=~>: ]*([0-9]+(?:\.[0-9]+){1,2})", text[:100].strip(), re.ASCII)
    meant = framework(found[1]) if found else None
    return f'write framework: {meant} and framework_version: "{found[2]}"' if found and meant else ""


def environment_value(value: Any) -> str:
    """A map is not a variable: dev and prod are environments of the project."""
    where = "stand under environments: in a Defaults document, sagespec.yaml"
    return f"these are variables of the container; dev, prod and the like {where}" if isinstance(value, dict) else ""


_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_GIGABYTES = {"g": 1, "t": 1_000}


def seconds(value: Any) -> str:
    """2h is 7200, and so are 2 * 60 * 60, 2:00:00 and PT2H."""
    found = _calculated(str(value)) or _on_a_clock(str(value).strip())
    if found is None:
        text = str(value).strip()[:60]
        parts = re.findall(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(s|m|h|d)[a-z]*", text, re.ASCII)
        whole = re.fullmatch(r"(?:[0-9]{1,6}(?:\.[0-9]{1,3})? ?[smhd][a-z]* ?)+", text, re.ASCII)
        found = round(sum(float(count) * _SECONDS[unit] for count, unit in parts)) if whole else None
    return f"write {found}: it counts seconds" if found else ""


def _on_a_clock(text: str) -> int | None:
    """The seconds of hours:minutes:seconds, and of a duration of ISO 8601."""
    clock = re.fullmatch(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])", text, re.ASCII)
    clock = clock or re.fullmatch(r"PT(?=[0-9])(?:([0-9]{1,4})H)?(?:([0-9]{1,4})M)?(?:([0-9]{1,6})S)?", text, re.ASCII)
    if clock is None:
        return None
    hours, minutes, rest = (int(part or 0) for part in clock.groups())
    return hours * 3_600 + minutes * 60 + rest


def gigabytes(value: Any) -> str:
    """100GB is 100, and 1 TB is 1000."""
    found = _calculated(str(value))
    if found is None:
        size = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([gt])i?b?", str(value).strip().lower(), re.ASCII)
        found = math.ceil(float(size[1]) * _GIGABYTES[size[2]]) if size else None
    return f"write {found}: it counts gigabytes" if found else ""


def _calculated(text: str) -> int | None:
    """What 60 * 60 and 3_600 are worth; None for any other text."""
    if re.fullmatch(r"[0-9_]{1,9}(?: ?\* ?[0-9_]{1,9}){0,4}", text.strip(), re.ASCII) is None:
        return None
    factors = [factor.replace("_", "").strip() for factor in text.split("*")]
    return math.prod(map(int, factors)) if all(factors) else None
