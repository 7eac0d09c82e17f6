"""What a job lets one change after its creation: what a request asks for, held against what the service shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def live_of(body: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The live members of a description, in the words of a request.

    A member that shows all that was asked for counts as asked: the service adds defaults. A member that was not asked
    for is left out: there is no way to un-ask for it.
    """
    shown = {name: _member(body, name) for name in wanted}
    return {
        name: value if covers(shown[name], value) else shown[name]
        for name, value in wanted.items()
        if shown[name] is not None or covers(None, value)
    }


def covers(shown: Any, asked: Any) -> bool:
    """Whether what is shown holds all that was asked for.

    A rule counts as there when its name is: an existing one cannot be changed or removed, only new ones added.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateTrainingJob.html
    """
    if isinstance(asked, Mapping):
        present = shown if isinstance(shown, Mapping) else {}
        return all(covers(present.get(key), value) for key, value in asked.items())
    if _is_rules(asked):
        return not _new_rules(shown, asked)
    return bool(shown == asked) or (shown is None and asked in (False, 0, "", []))


def changes(body: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What UpdateTrainingJob is to be called with; empty when the job is as it is wanted."""
    different = {name: value for name, value in wanted.items() if not covers(_member(body, name), value)}
    if "ProfilerRuleConfigurations" in different:
        rules = different["ProfilerRuleConfigurations"]
        different["ProfilerRuleConfigurations"] = _new_rules(_member(body, "ProfilerRuleConfigurations"), rules)
    if "KeepAlivePeriodInSeconds" in different:
        different["ResourceConfig"] = {"KeepAlivePeriodInSeconds": different.pop("KeepAlivePeriodInSeconds")}
    return different


def _member(body: Mapping[str, Any], name: str) -> Any:
    if name == "KeepAlivePeriodInSeconds":
        return body.get("ResourceConfig", {}).get(name)
    return body.get(name)


def _is_rules(asked: Any) -> bool:
    return isinstance(asked, list) and bool(asked) and "RuleConfigurationName" in asked[0]


def _new_rules(shown: Any, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    there = {rule.get("RuleConfigurationName") for rule in shown or ()}
    return [rule for rule in asked if rule["RuleConfigurationName"] not in there]
