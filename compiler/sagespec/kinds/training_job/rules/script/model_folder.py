"""--model_dir: what the SDK passes with it, and what a script makes of that."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import ERROR, SDK2, SDK_DOC, WARNING, rule
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.shared.code import ReadScript
from sagespec.kinds.training_job.shared.passed import CommandLine
from sagespec.kinds.training_job.subjects import COMMAND_LINE, SCRIPT

_PASSED = SDK2 + "tensorflow/estimator.py, hyperparameters; " + SDK_DOC + " (Prepare a training script)"


@rule(WARNING, on=COMMAND_LINE, source=_PASSED)
def model_dir_default_never_holds(line: CommandLine, context: JobContext) -> Finding | None:
    """--model_dir is always passed, as a folder in S3, so that a default of SM_MODEL_DIR never comes into its own.

    The model goes to S3, or is lost, and model.tar.gz, which is deployed, stays empty.

    Bad:
        framework_version: "2.14"

    Good:
        framework_version: "2.14"
        model_dir: false
        ---
        framework_version: "2.14"
        model_dir: /opt/ml/model

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir", default=os.environ.get("SM_MODEL_DIR"))
            print(parser.parse_args())
    """
    libraries = line.script.study.libraries
    if libraries is None or not libraries.model_dir_named_once or not context.model_dir_in_s3:
        return None
    option = next(iter(line.takes.match("--model_dir")), None)
    if option is None or option.variable != "SM_MODEL_DIR":
        return None
    return Finding(
        ("model_dir",) if "model_dir" in context.written else ("entry_point",),
        "--model_dir is always passed, as s3://…: its default SM_MODEL_DIR never holds, and model.tar.gz stays empty",
        "write model_dir: false, so that the default holds, or model_dir: /opt/ml/model",
        related=line.script.place(option.piece),
    )


@rule(ERROR, on=SCRIPT, source=_PASSED)
def local_write_to_s3_folder(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """open, os.makedirs, joblib and their like know nothing of S3: below --model_dir they make a local folder 's3:'.

    Nobody uploads it. What is to be kept belongs into SM_MODEL_DIR.

    Bad:
        framework_version: "2.14"

    Good:
        framework_version: "2.14"
        model_dir: /opt/ml/model

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            args = parser.parse_args()
            os.makedirs(os.path.join(args.model_dir, "1"))
            print(os.environ["SM_MODEL_DIR"])
    """
    libraries = read.script.study.libraries
    if libraries is None or not libraries.locations or not context.model_dir_in_s3 or not _is_the_argument(context):
        return
    for location in libraries.locations:
        if location.of_model_dir and not location.by_tensorflow:
            yield Finding(
                ("model_dir",),
                f"{location.called} knows nothing of S3, and --model_dir is s3://…: what it writes there is lost",
                'write to os.environ["SM_MODEL_DIR"], or set model_dir: /opt/ml/model in the manifest',
                place=read.script.place(location.piece),
            )


@rule(ERROR, on=SCRIPT, source="https://github.com/tensorflow/tensorflow/issues/51583; " + _PASSED)
def s3_without_tensorflow_io(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """From 2.19 on, TensorFlow opens s3:// only after `import tensorflow_io`, which requirements.txt must bring.

    Without a manifest's word --model_dir is in S3, too.

    Bad:
        framework_version: "2.21"

    Good:
        framework_version: "2.21"
        model_dir: /opt/ml/model

    Script:
        import argparse
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            args = parser.parse_args()
            tf.saved_model.save(tf.Module(), os.path.join(args.model_dir, "1"))
            print(os.environ["SM_MODEL_DIR"])
    """
    libraries, release = read.script.study.libraries, context.holds
    if libraries is None or not libraries.locations or release is None or release.s3_file_system:
        return
    if any(name.partition(".")[0] == "tensorflow_io" for name in read.script.study.all_imports):
        return
    for location in libraries.locations:
        if not location.by_tensorflow:
            continue
        if location.of_model_dir and not (context.model_dir_in_s3 and _is_the_argument(context)):
            continue
        what = "--model_dir is s3://…" if location.of_model_dir else "this is s3://…"
        cure = 'save to os.environ["SM_MODEL_DIR"]' if location.of_model_dir else "make it a channel"
        yield Finding(
            ("framework_version",),
            f"{what}, and {release.name} opens no S3 by itself",
            f"{cure}; or bring tensorflow-io with requirements.txt, and import tensorflow_io first",
            place=read.script.place(location.piece),
        )


def _is_the_argument(context: JobContext) -> bool:
    """Whether `model_dir` is what comes with --model_dir."""
    line = context.command_line
    return line is not None and bool(line.takes.match("--model_dir"))
