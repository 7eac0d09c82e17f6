"""An endpoint beside the manifest of the training job whose model it serves: two manifests, seen together."""

from __future__ import annotations

from sagespec.base.diagnostic import Diagnostic, Finding, Related
from sagespec.base.source import Path
from sagespec.building.draft import Trained
from sagespec.checking.context import Context
from sagespec.kinds.endpoint.inherited import code_of, with_job
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.training_job.context import JobContext
from sagespec.reading.binding import Bound
from sagespec.reading.part import Unknown
from sagespec.reading.render import Manifest

MODEL = "/opt/ml/model"
NAMED_OTHERWISE = {"model_data": "output_path"}
"""What an endpoint takes from a job → what the job calls that, where it is something else."""


def as_if_written(bound: Bound[Endpoint], trained: Trained) -> Bound[Endpoint]:
    """The endpoint as if its author had written out what it takes from the job: so the rules judge all of it."""
    before, after = bound.model.members(), with_job(bound.model, trained)
    values = {**after.members(), "training_job": None}
    if "entry_point" in values and values["entry_point"] is None and _server(after) == "python":
        code = code_of(trained)
        values |= {"entry_point": code.get("SAGEMAKER_PROGRAM"), "source_dir": code.get("SAGEMAKER_SUBMIT_DIRECTORY")}
    taken = {name: value for name, value in values.items() if value != before[name] and value is not None}
    model = Endpoint.made((values, None, {*bound.model.fields_set, *taken}))
    manifest = bound.manifest._replace(data={**bound.manifest.data, **taken})
    return Bound(manifest, model, bound.diagnostics)


def _server(endpoint: Endpoint) -> str | None:
    try:
        return endpoint.server
    except Unknown:
        return None


def at_reference(found: Diagnostic, judged: Manifest, endpoint: Manifest, trainer: Manifest) -> Diagnostic:
    """A finding about what an endpoint takes from a job stands where the endpoint names the job, and says where the
    job's manifest has it.

    Args:
        judged: the endpoint, as if written.
        endpoint: as it is written.
    """
    field = str(next(iter(found.field), ""))
    if field not in judged.data or field in endpoint.data:
        return found
    there = trainer.where((NAMED_OTHERWISE.get(field, field),))
    message = f"{found.message} ({field} of '{trainer.data['name']}', {there.source.name}:{there.span.line})"
    related = (*found.related, Related(there, "the training job whose model is to be served"))
    path: Path = ("training_job",)
    return found._replace(place=endpoint.where(path), message=message, field=path, related=related, fix=())


def unservable(endpoint: Endpoint, trainer: Context) -> Finding | None:
    """What is wrong with the script of a training job for the endpoint that serves its model; None where nothing
    certainly is, or a value that decides it is not known.

    Source: https://github.com/aws/sagemaker-tensorflow-serving-container (tfs_utils.py, find_models);
    https://github.com/aws/sagemaker-python-sdk/blob/v1.16.3/src/sagemaker/tensorflow/README.rst (serving_input_fn)
    """
    assert isinstance(trainer, JobContext)
    try:
        framework = trainer.framework
        ours = framework is not None and framework.name == "tensorflow" and trainer.job.image_uri is None
        if not ours or endpoint.members().get("image_uri") is not None or trainer.script is None:
            return None
        return _script_mode(trainer) if trainer.script_mode else _legacy(trainer)
    except Unknown:
        return None


def _legacy(trainer: JobContext) -> Finding | None:
    functions = trainer.script.study.functions if trainer.script is not None else None
    if functions is None or not functions.complete or not functions.found or "serving_input_fn" in functions.found:
        return None
    message = f"no model of '{trainer.job.name}' can be served: its script has no serving_input_fn"
    return Finding(("training_job",), message, "define serving_input_fn(hyperparameters) in the training script")


def _script_mode(trainer: JobContext) -> Finding | None:
    script = trainer.script
    libraries = script.study.libraries if script is not None else None
    if script is None or libraries is None or libraries.kept is None or _names_a_place(trainer):
        return None
    kept, release = libraries.kept, trainer.holds
    place = 'os.path.join(os.environ["SM_MODEL_DIR"], "1")'
    if kept.file:
        message = f"TensorFlow Serving loads no {kept.file} file, and the script saves nothing else"
        way = "export" if release is None or release.keras >= 3 else "save"
        return Finding(("training_job",), message, f"add model.{way}({place})", place=script.place(kept.piece))
    message = "TensorFlow Serving loads a model only from a folder that is called by a number"
    return Finding(("training_job",), message, f"save it to {place}", place=script.place(kept.piece))


def _names_a_place(trainer: JobContext) -> bool:
    """Whether the manifest itself says where below the model's folder something lies."""
    texts = (*map(str, trainer.hyperparameters.values()), str(trainer.job.model_dir or ""))
    return any(f"{MODEL}/" in text for text in texts)
