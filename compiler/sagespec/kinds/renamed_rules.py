"""Old name of a rule, of whatever kind → its name today; allowances and `explain` take both."""

from __future__ import annotations

from collections.abc import Mapping

RENAMED_RULES: Mapping[str, str] = {
    "compiler-outside-documentation": "version-without-compiler",
    "compiler-with-old-version": "version-without-compiler",
    "code-channel-taken": "reserved-channel-name",
    "dependencies-of-one-name": "duplicate-dependency-name",
    "entry-point-outside-project": "code-outside-project",
    "encryption-between-one-instance": "encryption-on-one-instance",
    "fast-file-of-a-list": "manifest-file-in-fast-file-mode",
    "half-a-vpc": "incomplete-vpc-config",
    "hyperparameter-nobody-reads": "unused-hyperparameter",
    "idle-strategy-beside-other": "disabled-strategy-beside-other",
    "imported-module-left-behind": "imported-module-not-packed",
    "instances-that-share-nothing": "duplicate-work-on-instances",
    "isolated-from-model-dir": "model-dir-without-network",
    "isolated-from-packages": "packages-without-network",
    "merge-of-no-map": "merge-not-a-map",
    "model-not-kept": "model-not-saved",
    "needed-after-all": "incomplete-request",
    "own-name-or-tags": "reserved-request-member",
    "preferences-with-half-counts": "incomplete-preference-counts",
    "remote-debug-in-isolation": "remote-debug-without-network",
    "rules-without-tensors": "rules-without-debugger-hook",
    "unread-channel": "unused-channel",
}
