"""Pages of what shows when a whole run is looked at: several jobs, comments, files, and the request."""

from __future__ import annotations

from sagespec.checking.page import CREATE, ERROR, OURS, WARNING, Page

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
        "name-in-two-files",
        WARNING,
        OURS,
        """
        Jobs of two files have the same name.

        A job is known by its project, region and name. The files may be meant for different runs; in one run, plan and
        apply refuse to act on both, because each would replace the other.
        """,
    ),
    Page(
        "shared-checkpoints",
        ERROR,
        "https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html",
        """
        Two jobs keep their checkpoints in one place.

        SageMaker copies what lies there into each job when it starts, so each goes on from the other's training, and
        both overwrite each other's files.

        Bad:
            name: "mnist-{{ matrix.optimizer }}"
            matrix: {optimizer: [adam, sgd]}
            hyperparameters: {optimizer: "{{ matrix.optimizer }}"}
            checkpoint_s3_uri: s3://bucket/checkpoints

        Good:
            name: "mnist-{{ matrix.optimizer }}"
            matrix: {optimizer: [adam, sgd]}
            hyperparameters: {optimizer: "{{ matrix.optimizer }}"}
            checkpoint_s3_uri: "s3://bucket/checkpoints/{{ name }}"
        """,
    ),
    Page(
        "checkpoints-in-two-files",
        WARNING,
        "https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html",
        """
        Jobs of two files keep their checkpoints in one place.

        Each goes on from the other's training. The files may be meant for different runs; in one run, plan and apply
        refuse to act on both.
        """,
    ),
    Page(
        "unusable-files",
        ERROR,
        OURS,
        """
        The source folder, a dependency or a local channel cannot be packed.

        A file cannot be read, a link leaves the folder, a folder has no name of its own, or two files would get the
        same name.

        Bad:
            dependencies: [.]

        Good:
            dependencies: []
        """,
    ),
    Page(
        "refused-by-api",
        ERROR,
        CREATE,
        """
        SageMaker would refuse the compiled request.

        The request is held against the API's own model: names of members, types, lengths, patterns, values.

        Bad:
            request: {OutputDataConfig: {CompressionType: ZIP}}

        Good:
            request: {OutputDataConfig: {CompressionType: GZIP}}
        """,
    ),
    Page(
        "unusable-prices",
        ERROR,
        OURS,
        """
        The price file that the defaults name cannot be used.

        `prices:` in sagespec.yaml names a file with the price of an hour of each instance type. It is missing, empty,
        or not of that form, so no cost can be given.
        """,
    ),
    Page(
        "job-costs-too-much",
        ERROR,
        OURS,
        """
        A job may cost more than `max_job_cost` in sagespec.yaml allows.

        The worst case counts: all instances until `max_run` (of spot jobs, until `max_wait`, at the price without
        spot), their volumes, the warm pool after them, rule jobs, and every attempt that `on_failure` allows.
        """,
    ),
    Page(
        "jobs-cost-too-much",
        ERROR,
        OURS,
        """
        All training jobs of a run may cost more together than `max_total_cost` in sagespec.yaml allows.

        The worst cases of all jobs that the given manifests describe are added up, of each environment by itself. Jobs
        that exist already count, too: what a manifest may cost does not depend on the service. What has no price, and
        endpoints, are not in it.
        """,
    ),
    Page(
        "unknown-price",
        WARNING,
        OURS,
        """
        `max_job_cost` or `max_total_cost` cannot be held, because a price is missing.

        The price file has none for an instance type (or for volumes: `volume_gb_month`) in the job's region, or no
        price file is named. The bill leaves out what has no price.
        """,
    ),
    Page(
        "not-in-target",
        ERROR,
        OURS,
        """
        The tool that the request is compiled for has no form for a part of the job.

        `compile --target` writes requests for other tools, some of which know fewer members than the API, and none of
        which runs jobs on this machine. What they cannot say is refused rather than left out.
        """,
    ),
    Page(
        "incomplete-request",
        ERROR,
        OURS,
        """
        A part of the request cannot be made, and the error that says why is silenced by `--allow`.

        A request without that part would be refused, so the silenced error has to be mended after all.
        """,
    ),
    Page(
        "missing-region",
        ERROR,
        OURS,
        """
        A request is made for one region: the image and the default bucket depend on it.

        `validate` does without a region; `compile`, `plan` and `apply` do not. It comes from the manifest, from
        sagespec.yaml, or from `AWS_REGION`.
        """,
    ),
    Page(
        "missing-account",
        ERROR,
        OURS,
        """
        The default bucket and a role without an ARN need the account's number.

        `apply` asks AWS for it; `compile` asks nobody, so that its result depends on the manifest alone. `validate`
        only warns of it.
        """,
    ),
    Page(
        "unknown-training-job",
        ERROR,
        OURS,
        """
        Which model a `training_job` means is for the service to say, or for the manifest of that job.

        `plan` and `apply` ask the service for the newest job that has completed, and name it. `compile` asks nobody, so
        that its result depends on files alone: it takes the TrainingJob manifest of that name, under the given paths or
        beside the endpoint's, and prints what is sent once its first attempt has completed.
        """,
    ),
    Page(
        "misspelt-training-job",
        WARNING,
        OURS,
        """
        No manifest here describes the training job whose model is to be served, but there is one of a near name.

        `training_job` takes the `name` of a TrainingJob manifest of the same project and environment. That manifest may
        lie in another folder, of which nothing is known here: then allow this on the line, or give that folder, too.
        """,
    ),
    Page(
        "unservable-training-script",
        WARNING,
        "https://github.com/aws/sagemaker-tensorflow-serving-container (tfs_utils.py, find_models)",
        """
        The endpoint is to serve what a training script saves, and its server could load none of that.

        TensorFlow Serving finds a SavedModel at `<number>/saved_model.pb` and nothing else: not in SM_MODEL_DIR itself,
        and no .keras or .h5 file. In legacy mode a model is exported only where the script has `serving_input_fn`. It
        is said where the TrainingJob manifest that `training_job` names lies under the given paths or beside the
        endpoint's, and the script certainly saves in no other way.
        """,
    ),
    Page(
        "unknown-kind",
        ERROR,
        OURS,
        """
        There is no such kind of manifest.

        Bad:
            apiVersion: sagespec/v1
            kind: TraningJob
            name: mnist

        Good:
            name: mnist
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
    Page(
        "more-errors",
        ERROR,
        OURS,
        """
        There are more errors in the file than are shown.

        The first 100 findings of a file are shown one by one, errors before warnings; this one stands for the other
        errors, and says how many there are. They count: in the summary, in `count` of the JSON format, and for the
        exit code.
        """,
    ),
    Page(
        "more-warnings",
        WARNING,
        OURS,
        """
        There are more warnings in the file than are shown.

        The first 100 findings of a file are shown one by one, errors before warnings; this one stands for the other
        warnings, and says how many there are. They count: in the summary, in `count` of the JSON format, and with
        `--strict` for the exit code.
        """,
    ),
)
