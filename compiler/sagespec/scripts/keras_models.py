"""Which names of a program are Keras models."""

from __future__ import annotations

import ast

from sagespec.scripts.syntax.program import Program
from sagespec.scripts.syntax.walking import Module

KERAS = ("tensorflow.keras.", "keras.")
_MADE_BY = frozenset({"Sequential", "Model", "load_model", "clone_model", "model_from_json"})
_FIT_WORDS = frozenset({"epochs", "batch_size", "callbacks", "validation_data", "steps_per_epoch", "validation_split"})


def keras_models(program: Program) -> frozenset[str]:
    """Names of something that is compiled, or made by Keras."""
    found = set[str]()
    for module, hit in program.occurrences("calls"):
        func = hit.node.func
        compiles = isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.attr == "compile"
        if compiles and module.dotted(func) not in ("re.compile", "torch.compile"):
            found.add(func.value.id)
    for module in program.modules.values():
        for name, given in module.assigned.items():
            if any(_is_made_by_keras(node, module) for node in given):
                found.add(name)
    return frozenset(found)


def fits(call: ast.Call, models: frozenset[str]) -> bool:
    """Whether a call trains with `fit`: of a Keras model, or with arguments that only Keras has."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr != "fit":
        return False
    is_model = isinstance(func.value, ast.Name) and func.value.id in models
    return is_model or not _FIT_WORDS.isdisjoint(word.arg or "" for word in call.keywords)


def _is_made_by_keras(node: ast.expr | None, module: Module) -> bool:
    dotted = module.dotted(node.func) if isinstance(node, ast.Call) else ""
    return dotted.startswith(KERAS) and dotted.rpartition(".")[2] in _MADE_BY
