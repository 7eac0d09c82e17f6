"""A model or an estimator of the SDK, and the arguments of its `deploy` → the fields of an endpoint's manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagespec.importing.draft import FilledArgument, ManifestDraft, job_name, literal
from sagespec.importing.following.library import Start
from sagespec.importing.following.sdk import MODELS
from sagespec.importing.following.values import Default, Made, TrainedModel, Uploaded, region_of, text_of
from sagespec.importing.programs.placeholders import Placeholders
from sagespec.kinds.api_names import from_api
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.training_job.model import LEGACY_FIELDS
from sagespec.scripts.values.constants import Mixed, UnknownValue

RENAMED = {"image": "image_uri", "image_name": "image_uri", "name": "model_name"}
"""What SDK 1 called them; and a model's own name, which is not the endpoint's."""
IDLE = frozenset(
    {
        *("sagemaker_session", "predictor_cls", "serializer", "deserializer", "content_type", "accept", "wait", "logs"),
        *("endpoint_logging", "image_config", "additional_model_data_sources", "resources"),
    }
)
"""Arguments that say something to the SDK, and nothing to the service."""
BECAUSE = {
    "model_name": "apply names models by their content",
    "update_endpoint": "apply updates an endpoint that exists",
}
"""Why nothing is missing without an argument."""
NOT_TAKEN = {
    "accelerator_type": "Elastic Inference has ended: take a CPU, GPU or Inferentia type",
    "inference_recommendation_id": "a recommendation is not part of a manifest: give the instance type that it names",
    "use_compiled_model": "a model that Neo has compiled has an image of its own: give image_uri",
    "explainer_config": "write explainer_config by hand: the objects of SageMaker Clarify are not followed",
}
CONFIGS = frozenset({"data_capture_config", "async_inference_config", "serverless_inference_config"})
PLAIN = frozenset(Endpoint.fields) - CONFIGS - {"apiVersion", "kind", "framework", "request", "deployment_config"}
PYTHON_ONLY = ("py_version", "model_server_workers", "requirements_file")
WHOLE: Mapping[str, type] = {"env": dict, "dependencies": list}
"""Fields that hold a map or a list: an expression cannot stand for the whole."""
BOTH_SERVERS = ("1.11", "1.12")
ENDPOINT_NAME = "deploy(endpoint_name=…)"


def endpoint_of(start: Start, job: ManifestDraft | None, where: str) -> ManifestDraft:
    """The manifest of one endpoint.

    Args:
        job: that of the training job whose model it serves, where the program starts one.
        where: the place of `deploy` in the source, for people.
    """
    return _EndpointReader(start, job, where).draft()


class _EndpointReader(Placeholders):
    """Turns the values of one deployment into a manifest's data, and notes what is not certain."""

    def __init__(self, start: Start, job: ManifestDraft | None, where: str) -> None:
        super().__init__()
        assert start.made is not None
        self.start, self.made, self.job, self.where = start, start.made, job, where
        self.is_model = self.made.class_name in MODELS
        model = self.made.given.get("model_data")
        self.trainer = (model.estimator if isinstance(model, TrainedModel) else None) if self.is_model else self.made
        self.data_: dict[str, Any] = {}

    def draft(self) -> ManifestDraft:
        data = self.data_
        deploy = {RENAMED.get(name, name): value for name, value in self.start.fit.items()}
        model = {RENAMED.get(name, name): value for name, value in self.made.given.items()} if self.is_model else {}
        data["name"] = self.name(deploy, model)
        self.trained()
        for written, given in (("", model), ("deploy", deploy)):
            for name, value in given.items():
                if name not in ("endpoint_name", "model_data") and value is not None:
                    self.argument(f"deploy({name}=…)" if written else name, name, value)
        if isinstance(model.get("model_data"), TrainedModel):
            self.pass_over("model_data", "training_job names the job that leaves it behind")
        elif model.get("model_data") is not None:
            self.take("model_data", "model_data", self.model_data(model["model_data"]), data)
        self.of_estimator(deploy)
        for text in (*(self.made.left if self.is_model else ()), *self.start.left):
            self.refuse(text, f"no field for the argument {text}")
        region = region_of(self.trainer.given.get("sagemaker_session")) if self.trainer is not None else None
        region = region or region_of(self.made.given.get("sagemaker_session"))
        if region is not None:
            data["region"] = region
        self.server(model)
        self.complete()
        self.remarks += [*self.start.conditions, *self.start.concerns]
        remarks = tuple(dict.fromkeys(self.remarks))
        return ManifestDraft(
            data, self.notes, remarks, self.comments, tuple(self.arguments), self.where, kind="Endpoint"
        )

    # Its name

    def name(self, deploy: Mapping[str, Any], model: Mapping[str, Any]) -> str:
        """As it is called; the SDK calls it after the job, or after the model."""
        value = deploy.get("endpoint_name")
        if isinstance(value, Default) and isinstance(value.default, str):
            value = value.default
            self.comments["name",] = f"was: {text_of(deploy['endpoint_name'])}"
        if isinstance(value, str) and value:
            self.arguments.append(FilledArgument(ENDPOINT_NAME, "taken", "name"))
            return job_name(value)
        if value is not None:
            self.arguments.append(FilledArgument(ENDPOINT_NAME, "changed", f"name; was: {text_of(value)}"))
            parts = [part for part in value.parts if isinstance(part, str)] if isinstance(value, Mixed) else []
            text = "-".join(parts).strip("-_/. ")
            if any(letter.isalnum() for letter in text):
                self.comments["name",] = f"was: {text_of(value)}"
                return job_name(text)
            self.notes["name",] = f"was: {text_of(value)}"
        if self.job is not None and "{{" not in self.job.data["name"]:
            return str(self.job.data["name"])
        own = model.get("model_name")
        return job_name(own) if isinstance(own, str) and own else "tensorflow-inference"

    # Its model

    def trained(self) -> None:
        """The training job whose model it serves."""
        if self.trainer is None:
            return
        if self.job is not None and "matrix" not in self.job.data:
            self.data_["training_job"] = self.job.data["name"]
            return
        self.data_["training_job"] = self.expression(UnknownValue("training_job", ""), "training_job")
        self.notes["training_job",] = (
            "is one of the jobs of a matrix" if self.job is not None else "is not started in this program"
        )

    def model_data(self, value: Any) -> Any:
        local = _uploaded(value)
        if local is not None:
            self.comments["model_data",] = "uploaded by apply"
            return local
        if isinstance(value, str) and value.startswith("file://"):
            return literal(value.removeprefix("file://"))
        if isinstance(value, dict):
            return from_api(value)
        return self.data(value, ("model_data",))

    def of_estimator(self, deploy: Mapping[str, Any]) -> None:
        """What SDK 2 takes from the estimator, and apply does not take from the job."""
        if self.is_model or self.trainer is None:
            return
        tags = self.trainer.given.get("tags")
        if "tags" not in deploy and tags is not None and "train_instance_type" not in self.trainer.given:
            self.argument("tags", "tags", tags)
        key = self.trainer.given.get("output_kms_key")
        if key is not None and "entry_point" in self.data_:
            self.argument("output_kms_key", "model_kms_key", key)

    # One argument

    def argument(self, written: str, name: str, value: Any) -> None:
        data = self.data_
        if name in IDLE:
            self.pass_over(written)
        elif name in BECAUSE:
            self.pass_over(written, BECAUSE[name])
        elif name in NOT_TAKEN:
            self.refuse(written, f"{name} = {text_of(value)}: {NOT_TAKEN[name]}")
        elif name in ("vpc_config", "vpc_config_override"):
            self.network(written, value)
        elif name == "git_config":
            self.refuse(written, f"the code is in git ({text_of(value)}): check it out beside the manifest")
        elif name == "routing_config" and isinstance(value, dict):
            self.take(written, name, from_api(value), data)
        elif name in CONFIGS:
            self.config(written, name, value)
        elif name == "tags" and not _are_tags(value):
            self.refuse(written, f"tags are left out: they were {text_of(value)}")
        elif not isinstance(value, WHOLE.get(name, object)):
            self.refuse(written, f"{name} is left out: it was {text_of(value)}")
        elif name not in PLAIN:
            self.refuse(written, f"no field for {name} = {text_of(value)}")
        else:
            self.take(written, name, self.field(name, value), data)

    def field(self, name: str, value: Any) -> Any:
        if name == "framework_version" and isinstance(value, float):
            value = str(value)
        if name == "tags" and isinstance(value, list):
            value = {tag["Key"]: tag["Value"] for tag in value}
        if name == "env" and isinstance(value, dict):
            value = {key: str(item) if isinstance(item, int | float) else item for key, item in value.items()}
        if isinstance(value, dict | list) and name not in ("tags", "env", "dependencies"):
            return self.open(value, (name,))
        return self.data(value, (name,))

    def network(self, written: str, value: Any) -> None:
        """`{"Subnets": […], "SecurityGroupIds": […]}`."""
        fields = {"Subnets": "subnets", "SecurityGroupIds": "security_group_ids"}
        if isinstance(value, dict) and set(value) == set(fields):
            for member, name in fields.items():
                self.data_[name] = self.data(value[member], (name,))
            self.arguments.append(FilledArgument(written, "changed", "subnets, security_group_ids"))
        else:
            self.refuse(written, f"{written} is left out: it was {text_of(value)}")

    def config(self, written: str, name: str, value: Any) -> None:
        """An object of the SDK's that has a field's parts."""
        if not isinstance(value, Made) or value.left:
            self.refuse(written, f"{name} is left out: it was {text_of(value)}")
            return
        given = {key: item for key, item in value.given.items() if item is not None and key != "sagemaker_session"}
        topics = given.get("notification_config")
        if isinstance(topics, dict):
            given["notification_config"] = from_api(topics)
        self.take(written, name, self.data(given, (name,)), self.data_)

    # What the SDK decides by itself

    def server(self, model: Mapping[str, Any]) -> None:
        """Which server it is: SDK 1's `TensorFlowModel` and its estimators in legacy mode have the Python-based one."""
        data = self.data_
        version = data.get("framework_version") or (self.job.data.get("framework_version") if self.job else None)
        two = ".".join(version.split(".")[:2]) if isinstance(version, str) else ""
        if self.is_model:
            self.of_model(two, old=bool({"py_version", "model_server_workers", "image"} & set(self.made.given)))
        elif two in BOTH_SERVERS and "endpoint_type" not in data and self.job is not None:
            legacy = any(name in self.job.data for name in LEGACY_FIELDS)
            data["endpoint_type"] = "python" if legacy else "tensorflow-serving"

    def of_model(self, version: str, *, old: bool) -> None:
        data = self.data_
        if self.made.class_name == "TensorFlowServingModel":
            if version in BOTH_SERVERS:
                data["endpoint_type"] = "tensorflow-serving"
        elif version in BOTH_SERVERS:
            data["endpoint_type"] = "python" if old else "tensorflow-serving"
            if not old:
                self.notes["endpoint_type",] = "is python with SDK 1, and tensorflow-serving with SDK 2"
        python = data.get("endpoint_type") == "python" or version in {f"1.{minor}" for minor in range(4, 11)}
        for name in PYTHON_ONLY:
            if not python and name in data and version:
                del data[name]
                self.arguments = [each for each in self.arguments if each.name != name]
                self.pass_over(name, "TensorFlow Serving's container does not take it")

    def complete(self) -> None:
        """What was not given and must be said."""
        data = self.data_
        needed = [] if "serverless_inference_config" in data else ["instance_type", "initial_instance_count"]
        if self.trainer is None:
            needed.append("model_data")
            needed += [] if str(data.get("instance_type", "")).startswith("local") else ["role"]
            needed += [] if "image_uri" in data else ["framework_version"]
        for name in needed:
            if name not in data:
                data[name] = self.expression(UnknownValue(name, ""), name)
                self.notes[(name,)] = "was not given"


def _uploaded(value: Any) -> str | None:
    """The local path of a model that the program uploads."""
    if isinstance(value, Uploaded):
        return str(literal(value.path))
    if isinstance(value, Mixed) and isinstance(value.parts[0], Uploaded):
        rest = value.parts[1:]
        if all(isinstance(part, str) for part in rest):
            return str(literal(value.parts[0].path.rstrip("/") + "".join(map(str, rest))))
    return None


def _are_tags(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(tag, dict) and set(tag) == {"Key", "Value"} for tag in value)
    return isinstance(value, dict)
