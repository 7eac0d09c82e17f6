"""What becomes of an endpoint after its creation."""

from __future__ import annotations

from sagespec.kinds.lifecycle import Lifecycle, Nature

LIVE = (
    ("ProductionVariants", "*", "InitialInstanceCount"),
    ("ProductionVariants", "*", "InitialVariantWeight"),
    ("ProductionVariants", "*", "ServerlessConfig", "MaxConcurrency"),
    ("ProductionVariants", "*", "ServerlessConfig", "ProvisionedConcurrency"),
)
"""Members of a configuration that UpdateEndpointWeightsAndCapacities can change of an endpoint that stands, so that
they are not part of its identity.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DesiredWeightAndCapacity.html
"""

LIFECYCLE = Lifecycle(
    kind="Endpoint",
    nature=Nature.STAYS,
    noun="endpoint",
    decisions={
        None: ("create", "create"),
        "Creating": ("keep", "wait"),
        "Updating": ("keep", "wait"),
        "SystemUpdating": ("wait", "wait"),
        "RollingBack": ("wait", "wait"),
        "InService": ("serves", "update"),
        "UpdateRollbackFailed": ("mixed", "mixed"),
        "OutOfService": ("failed", "replace"),
        "Failed": ("failed", "replace"),
        "Deleting": ("wait", "wait"),
    },
    settled=frozenset({"InService", "Failed", "OutOfService", "UpdateRollbackFailed"}),
)
"""What to do about an endpoint, by its status: (its configuration is the one that is asked for, it is another)."""
