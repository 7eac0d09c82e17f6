"""Debugger's and the profiler's rules, as the SDK's classes name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sagespec.importing.following.sdk import DEBUGGER_ACCOUNTS
from sagespec.importing.following.values import Library, Made, text_of
from sagespec.scripts.values.constants import is_certain

COLLECTIONS: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]] = {
    "CheckInputImages": [("input_image", {"include_regex": ".*hybridsequential0_input_0", "save_interval": "500"})],
    "CreateXgboostReport": [
        ("metrics", {"save_interval": "5"}),
        ("feature_importance", {"save_interval": "5"}),
        ("hyperparameters", {"save_steps": "0"}),
        ("predictions", {"save_interval": "5"}),
        ("labels", {"save_interval": "5"}),
    ],
    "DeadRelu": [("relu_output", {"include_regex": ".*relu_output", "save_interval": "500"})],
    "FeatureImportanceOverweight": [("feature_importance", {"save_interval": "500"})],
    "LossNotDecreasing": [("losses", {"save_interval": "500"})],
    "NLPSequenceRatio": [
        ("input_sequence", {"include_regex": ".*embedding0_input_0", "save_interval": "500"}),
    ],
    "PoorWeightInitialization": [("relu_input", {"include_regex": ".*relu_input", "save_interval": "500"})],
    "VanishingGradient": [("gradients", {"save_interval": "500"})],
    "WeightUpdateRatio": [("weights", {"save_interval": "500"})],
}
"""Rule → the tensors that have to be saved for it. Source: smdebug_rulesconfig 1.0.1."""
_SPELLED = {"nlp_sequence_ratio": "NLPSequenceRatio"}


def name_of(rule: Any) -> str | None:
    """The rule that `Rule.sagemaker(rule_configs.x())` names."""
    base = rule.given.get("base_config") if isinstance(rule, Made) else None
    if not isinstance(base, Library) or not base.dotted.startswith("rule_configs."):
        return None
    name = base.name
    return name if name[0].isupper() else _SPELLED.get(name, name.title().replace("_", ""))


def rules_of(given: Sequence[Any], region: str | None) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Rules as fields have them, by field; and why others are not taken."""
    found: dict[str, list[dict[str, Any]]] = {"rules": [], "profiler_rules": []}
    why: list[str] = []
    account = DEBUGGER_ACCOUNTS.get(region or "")
    host = f"{account}.dkr.ecr.{region}.amazonaws.com{'.cn' if str(region).startswith('cn-') else ''}"
    for rule in given:
        name = name_of(rule)
        parameters = rule.given.get("rule_parameters") if isinstance(rule, Made) else None
        if name is None or not is_certain(parameters) or set(rule.given) - {"base_config", "rule_parameters", "name"}:
            why.append(f"the rule {text_of(rule)} is not taken: write it under rules:, with its image")
        elif account is None:
            why.append(f"the rule {name} is not taken: its image differs by region, and the region is not certain")
        else:
            field = "profiler_rules" if rule.class_name.startswith("Profiler") else "rules"
            own = rule.given.get("name")
            found[field].append(
                {
                    "rule_configuration_name": own if isinstance(own, str) else name,
                    "rule_evaluator_image": f"{host}/sagemaker-debugger-rules:latest",
                    "rule_parameters": {"rule_to_invoke": name, **{k: str(v) for k, v in (parameters or {}).items()}},
                }
            )
    return found, why


def collections_of(given: Sequence[Any]) -> list[dict[str, Any]]:
    """Collections of tensors that rules need to have saved."""
    found: dict[str, dict[str, Any]] = {}
    for rule in given:
        if isinstance(rule, Made) and not rule.class_name.startswith("Profiler"):
            for name, parameters in COLLECTIONS.get(name_of(rule) or "", ()):
                found.setdefault(name, {"collection_name": name, "collection_parameters": dict(parameters)})
    return list(found.values())
