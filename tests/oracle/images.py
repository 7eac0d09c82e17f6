"""Holds every image URI of the catalogue against the SDK's own: python images.py (with sagemaker 2.257.7 installed).

Every version and alias of every framework, each of its Pythons, each region of its table, and one instance type of each
kind: what `sagemaker.image_uris` gives, and what `Framework.image_uri` gives. Prints the differences and their number.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "compiler"))

import draw_frameworks  # noqa: E402
from sagemaker import image_uris  # noqa: E402

from sagespec.catalog import frameworks  # noqa: E402

TYPES = ("ml.m5.xlarge", "ml.g5.xlarge", "ml.p4d.24xlarge", "ml.p5.48xlarge", "ml.trn1.2xlarge", "local", "local_gpu")
SMP = {"torch_distributed": {"enabled": True}, "smdistributed": {"modelparallel": {"enabled": True}}}
DATA = {"smdistributed": {"dataparallel": {"enabled": True}}}


def combinations() -> Iterator[tuple[str, str, tuple, str, str, str]]:
    """(framework, variant, version and base, Python, region, instance type)."""
    for name in frameworks.names():
        variants = {
            "": name,
            **{each: tables[name] for each, tables in draw_frameworks.TABLES.items() if name in tables},
        }
        for variant, table_name in variants.items():
            table = draw_frameworks.Table(name, table_name)
            for pair in table.pairs():
                for python in table.pythons(*pair):
                    row = table.image(*pair)
                    for region in row.get(python, row)["registries"]:
                        for instance_type in TYPES:
                            if instance_type.startswith("ml.trn") == (variant == "neuron"):
                                yield name, variant, pair, python, region, instance_type


def theirs(name: str, variant: str, pair: tuple, python: str, region: str, instance_type: str, parallel: bool) -> str:
    version, base = pair
    under = {f"{key}_version": base[len(key) :] for key in ("pytorch", "tensorflow") if base and base.startswith(key)}
    given: dict[str, Any] = {"region": region, "py_version": python, "instance_type": instance_type}
    given["distribution"] = SMP if variant == "smp" else DATA if parallel else None
    given["compiler_config"] = SimpleNamespace() if variant == "compiler" else None
    return image_uris.get_training_image_uri(framework=name, framework_version=version, **given, **under)


def ours(name: str, variant: str, pair: tuple, python: str, region: str, instance_type: str, parallel: bool) -> str:
    version = "+".join(filter(None, pair))
    framework = frameworks.of_name(name)
    legacy = (release := framework.release(version, variant)) is not None and not release.script_mode
    return framework.image_uri(
        version, python, region, instance_type, "legacy" if legacy else "script", parallel, variant
    )


def resolved(of: Any, *options: Any) -> str | None:
    try:
        return str(of(*options))
    except (ValueError, LookupError):
        return None


def main() -> int:
    image_uris.config_for_framework = cache(image_uris.config_for_framework)  # read anew for each URI otherwise
    same = other = 0
    for options in combinations():
        for parallel in (False, True):
            want, got = resolved(theirs, *options, parallel), resolved(ours, *options, parallel)
            if want == got:
                same += 1
            else:
                other += 1
                print(*options, parallel, want, got, sep="  ")
    print(f"{same} of {same + other} image URIs are the SDK's")
    return int(other > 0)


if __name__ == "__main__":
    sys.exit(main())
