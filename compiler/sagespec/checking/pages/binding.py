"""Pages of what the model of a job says: names of fields, and types and forms of values."""

from __future__ import annotations

from sagespec.checking.page import CREATE, ERROR, OURS, Page

PAGES = (
    Page(
        "missing-field",
        ERROR,
        OURS,
        """
        A field that is needed is missing.

        Bad:
            metric_definitions: [{name: loss}]

        Good:
            metric_definitions: [{name: loss, regex: "loss=([0-9.]+)"}]
        """,
    ),
    Page(
        "renamed-field",
        ERROR,
        "https://sagemaker.readthedocs.io/en/stable/v2.html",
        """
        A field has the name that version 1 of the SageMaker Python SDK used.

        The manifest speaks the language of version 2. `--fix` writes the new name.

        Bad:
            train_max_run: 3600

        Good:
            max_run: 3600
        """,
    ),
    Page(
        "unknown-field",
        ERROR,
        OURS,
        """
        There is no such field.

        A field that nobody reads would be a setting that is silently not there. What the manifest has no field for
        can be set under `request:`, in the API's own names.

        Bad:
            volumesize: 40

        Good:
            volume_size: 40
        """,
    ),
    Page(
        "wrong-type",
        ERROR,
        OURS,
        """
        A value is of another type than its field.

        Nothing is converted silently. A version must be in quotes: without them 2.10 is the number 2.1, and 1.10 is
        1.1. Where the meaning is certain, `--fix` writes the value as it must be.

        Bad:
            framework_version: 2.10

        Good:
            framework_version: "2.21"
        """,
    ),
    Page(
        "wrong-value",
        ERROR,
        CREATE,
        """
        A value is not one of those that its field may have.

        Upper and lower case matter, because the API distinguishes them; `--fix` corrects them.

        Bad:
            input_mode: fastfile

        Good:
            input_mode: File
        """,
    ),
    Page(
        "out-of-range",
        ERROR,
        CREATE,
        """
        A value is smaller, larger, shorter or longer than the API allows.

        Bad:
            volume_size: 20000

        Good:
            volume_size: 200
        """,
    ),
    Page(
        "wrong-form",
        ERROR,
        CREATE,
        """
        A text is not of the form that its field needs.

        Bad:
            output_path: bucket/models

        Good:
            output_path: s3://bucket/models
        """,
    ),
)
