"""Pages of what defaults, environments, matrix and expressions can be wrong about."""

from __future__ import annotations

from sagespec.checking.page import ERROR, JINJA, OURS, Page

PAGES = (
    Page(
        "not-a-map",
        ERROR,
        OURS,
        """
        A manifest is a map of fields.

        This document is a list or a single value.

        Bad:
            - apiVersion: sagespec/v1
              kind: TrainingJob

        Good:
            name: mnist
        """,
    ),
    Page(
        "not-a-manifest",
        ERROR,
        OURS,
        """
        The file is for another tool: a request of SageMaker's API, a template, a program.

        It has no `apiVersion: sagespec/v1`, and what it holds is written in another tool's words. `sagespec import`
        reads what SageMaker's API, its SDK, Step Functions, Terraform and others take, and prints it as a manifest.

        Bad:
            apiVersion: sagemaker.services.k8s.aws/v1alpha1
            kind: TrainingJob
            spec: {trainingJobName: mnist}

        Good:
            apiVersion: sagespec/v1
            kind: TrainingJob
            name: mnist
        """,
    ),
    Page(
        "unknown-environment",
        ERROR,
        OURS,
        """
        No defaults above the manifest have the environment that `--env` names.

        Environments stand under `environments:` in a sagespec.yaml in the manifest's folder or above it. A name that
        no file knows is a slip of the fingers; without this the job would run with the wrong values.
        """,
    ),
    Page(
        "too-many-environments",
        ERROR,
        OURS,
        """
        A project declares more than 100 environments.

        `validate` judges each manifest in every environment, so their number is bounded. What differs from job to job
        stands in the manifests, or in a matrix.
        """,
    ),
    Page(
        "bad-matrix",
        ERROR,
        OURS,
        """
        The matrix is not a map of lists, or makes no job or too many.

        `matrix` makes one job for each combination of its lists; `exclude` is a list of maps that takes some out. A
        matrix makes 1,000 jobs at most.

        Bad:
            matrix: {rate: 0.1}

        Good:
            name: "mnist-{{ matrix.optimizer }}"
            matrix: {optimizer: [adam]}
            hyperparameters: {optimizer: "{{ matrix.optimizer }}"}
        """,
    ),
    Page(
        "expression-in-key",
        ERROR,
        OURS,
        """
        A key holds an expression.

        Expressions make values. A key that depends on something could not be checked, nor found by a reader.

        Bad:
            hyperparameters: {"{{ vars.key }}": 10}

        Good:
            hyperparameters: {epochs: 10}
        """,
    ),
    Page(
        "bad-expression",
        ERROR,
        JINJA + "templates/#expressions",
        """
        An expression cannot be evaluated.

        It is not a Jinja2 expression, speaks of something that is not there, or asks for too much. An expression may
        speak of vars, env, git, matrix and name; it may compute and apply filters, and cannot call anything.

        Bad:
            output_path: "s3://{{ vars.bucket }}/models"

        Good:
            output_path: "s3://{{ vars.bucket | default('bucket') }}/models"
        """,
    ),
)
