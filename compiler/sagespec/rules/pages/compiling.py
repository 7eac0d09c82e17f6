"""Pages of what shows when a whole run is looked at: several jobs, comments, files, and the request."""

from __future__ import annotations

from sagespec.rules.pages.page import API, ERROR, OURS, WARNING, Page

PAGES = (
    Page(
        "empty-manifest",
        ERROR,
        OURS,
        """
        The file holds no manifest.

        Bad:
            # apiVersion: sagespec/v1

        Good:
            name: mnist
        """,
    ),
    Page(
        "duplicate-name",
        ERROR,
        OURS,
        """
        Two jobs have the same name.

        A job is known by its project, region and name: each of the two would replace the other whenever it is applied.

        Bad:
            matrix: {rate: [0.1, 0.2]}
            hyperparameters: {rate: "{{ matrix.rate }}"}

        Good:
            name: "mnist-{{ matrix.optimizer }}"
            matrix: {optimizer: [adam, sgd]}
            hyperparameters: {optimizer: "{{ matrix.optimizer }}"}
        """,
    ),
    Page(
        "unusable-files",
        ERROR,
        OURS,
        """
        The source folder, a dependency or a local channel cannot be packed.

        A file is missing or cannot be read, a link leaves the folder, or two files would get the same name.

        Bad:
            dependencies: [no-such-folder]

        Good:
            dependencies: []
        """,
    ),
    Page(
        "refused-by-api",
        ERROR,
        API,
        """
        The compiled request is none that CreateTrainingJob accepts.

        The request is held against the API's own model: names of members, types, lengths, patterns, values.

        Bad:
            request: {StoppingCondition: {MaxPendingTimeInSeconds: 60}}

        Good:
            request: {StoppingCondition: {MaxPendingTimeInSeconds: 7200}}
        """,
    ),
    Page(
        "unused-allowance",
        WARNING,
        OURS,
        """
        A comment allows something that does not occur.

        `# sagespec: allow RULE` silences warnings of that rule on its line and the next one. One that silences nothing
        is left over, or stands at the wrong line. An error cannot be silenced by a comment: that needs `--allow`.

        Bad:
            volume_size: 30 # sagespec: allow spot-without-checkpoints

        Good:
            volume_size: 30
        """,
    ),
    Page(
        "unknown-allowance",
        WARNING,
        OURS,
        """
        A comment allows a rule that does not exist.

        Several rules are separated by commas or spaces; `sagespec rules` lists them all.

        Bad:
            volume_size: 30 # sagespec: allow spot-without-checkpoint

        Good:
            volume_size: 30
        """,
    ),
)
