"""The yardstick: libyaml alone loads every manifest below a folder."""

import os
import sys

import yaml

for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".yaml"):
            with open(f"{folder}/{name}", encoding="utf-8") as file:  # noqa: PTH123 - as fast as can be
                yaml.load(file, Loader=yaml.CSafeLoader)
