"""The modules and names that the script asks of the image."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import ERROR, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.script.keras import CHANGES, expects_keras_3
from sagespec.kinds.training_job.shared.code import JobCode
from sagespec.kinds.training_job.subjects import CODE

DLC = "https://github.com/aws/deep-learning-containers (Dockerfiles of tensorflow/training)"


@rule(ERROR, on=CODE, source=CHANGES)
def name_not_in_version(code: JobCode, _: None) -> Iterator[Finding]:
    """What a version of TensorFlow has dropped stops the script when it comes by.

    TensorFlow 2 has no tf.contrib, and keeps tf.placeholder, tf.Session, tf.app and their like under tf.compat.v1 only;
    2.16 has no tf.estimator. A script that asks for versions, or imports tensorflow.compat.v1, is left alone.

    Bad:
        framework_version: "2.21"

    Bad script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            images = tf.placeholder(tf.float32)
            print(images, os.environ["SM_MODEL_DIR"])

    Good:
        framework_version: "2.21"

    Good script:
        import os
        import tensorflow.compat.v1 as tf
        if __name__ == "__main__":
            images = tf.placeholder(tf.float32)
            print(images, os.environ["SM_MODEL_DIR"])
    """
    read, release, framework = code.read, code.container.holds, code.container.framework
    asks = None if read is None else read.libraries
    if read is None or asks is None or release is None or framework is None:
        return
    reported = set[str]()
    for dotted, piece in asks.names:
        found = framework.dropped(dotted, release.full_version)
        if found is None or found[0] in reported:
            continue
        name, since, instead = found
        reported.add(name)
        library = name.partition(".")[0]
        if library in code.requirements:
            continue  # which may bring a version that has it
        if "keras" in name.split(".") and release.keras >= 3 and not expects_keras_3(asks, code):
            continue
        last = [version for version in framework.aliases if framework.dropped(dotted, version) is None][-1:]
        older = f'take framework_version: "{last[0]}"' if last and library == "tensorflow" else ""
        yield Finding(
            (framework.version_field,),
            f"{release.name} has no {name.replace('tensorflow', 'tf', 1)}: {framework.title} {since} has dropped it"
            if library in ("tensorflow", framework.name)
            else f"{library} in the image of {release.name} has no {name}: images since {since} lack it",
            ", or ".join(filter(None, (instead and f"write {instead}", older))) or "write it anew",
            place=read.script.place(piece),
        )


@rule(ERROR, on=CODE, source=DLC)
def module_not_in_image(code: JobCode, _: None) -> Iterator[Finding]:
    """Newer images have left modules out, and nothing in the source folder brings them: the import stops the script.

    Horovod is in TensorFlow's images up to 2.12; sagemaker_tensorflow (PipeModeDataset) and smdebug up to 2.14.

    Bad:
        framework_version: "2.21"

    Good:
        framework_version: "2.12"

    Script:
        import os
        import horovod.tensorflow as hvd
        if __name__ == "__main__":
            hvd.init()
            print(hvd.rank(), os.environ["SM_MODEL_DIR"])
    """
    read, release, framework = code.read, code.container.holds, code.container.framework
    asks = None if read is None else read.libraries
    if read is None or asks is None or release is None or framework is None or not release.missing_modules:
        return
    reported = set[str]()
    for dotted, piece in asks.modules:
        module = dotted.partition(".")[0]
        if module not in release.missing_modules or module in reported or code.brings(module):
            continue
        reported.add(module)
        with_it = [name for name in framework.aliases if module not in framework.without_image(name).missing_modules]
        yield Finding(
            ("framework_version",),
            f"the image of {release.name} does not hold {module}, and no requirements.txt brings it",
            f'take framework_version: "{with_it[-1]}", or do without {module}{_INSTEAD.get(module, "")}',
            related=read.script.place(piece),
        )


_INSTEAD = {
    "horovod": " (distribution: {multi_worker_mirrored_strategy: {enabled: true}})",
    "sagemaker_tensorflow": " (input_mode: FastFile, read as files)",
    "smdebug": "",
}


@rule(WARNING, on=field("debugger_hook_config"), source=DLC)
def debugger_not_in_image(written: Written, context: JobContext) -> Finding | None:
    """The Debugger's hook needs smdebug, which TensorFlow's images hold up to 2.14: later ones save no tensors.

    Bad:
        framework_version: "2.21"
        debugger_hook_config: {s3_output_path: s3://bucket/tensors}

    Good:
        framework_version: "2.14"
        debugger_hook_config: {s3_output_path: s3://bucket/tensors}
    """
    release = context.holds
    if release is None or release.debugger or written.value is False or context.code.brings("smdebug"):
        return None
    return Finding(
        written.path,
        f"the image of {release.name} holds no smdebug, so nothing writes tensors",
        "leave it out, or take an older version",
        at_key=True,
    )


@rule(WARNING, on=CODE, source="https://pip.pypa.io/en/stable/reference/requirements-file-format/; " + DLC)
def requirement_replaces_framework(code: JobCode, _: None) -> Finding | None:
    """A requirement of another TensorFlow than the image's replaces it, with a build that may not fit the GPUs.

    Bad:
        framework_version: "2.21"
        dependencies: [requirements.txt]

    Good:
        framework_version: "2.12"
        dependencies: [requirements.txt]

    Script:
        import os
        if __name__ == "__main__":
            print("requirements.txt has the line tensorflow==2.12", os.environ["SM_HPS"], os.environ["SM_MODEL_DIR"])
    """
    release, framework = code.container.holds, code.container.framework
    if release is None or framework is None or not code.requirements:
        return None
    own, under = release.full_version.partition("+")[0], framework.base_of(release.full_version)
    # A library that lies over a framework is replaced for good reasons, and has no builds for GPUs.
    what, held = (framework, own) if under is None else (under, release.full_version.partition(f"+{under.name}")[2])
    names = {str(what.wheel.get(key)) for key in ("package", "cpu_package")} | {f"{what.wheel['package']}-gpu"}
    for line in code.requirements.splitlines():
        found = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*(==|~=|<=|<)\s*([0-9][0-9.]*)", line)
        if found is None or found[1].lower().replace("_", "-") not in names:
            continue
        if _excludes(found[2], found[3], held):
            field_name = framework.version_field if under is None else framework.bases[under.name]
            return Finding(
                (field_name,),
                f"requirements.txt asks for {line.split('#')[0].strip()}, and the image holds {release.name}",
                f"leave it out of requirements.txt, or choose the version with {field_name}",
            )
    return None


def _excludes(operator: str, wanted: str, held: str) -> bool:
    """Whether a requirement leaves the version out that the image holds, patch releases apart."""
    want, have = ([int(part) for part in text.split(".") if part] for text in (wanted, held))
    if operator == "==":
        return want[:2] != have[: len(want[:2])]
    if operator == "~=":
        return want[: max(1, len(want) - 1)] != have[: max(1, len(want) - 1)]
    return have[:2] > want[:2] if operator == "<=" else have[:2] >= want[:2] and have[: len(want)] >= want
