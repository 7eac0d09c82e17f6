"""What serves a revision: TensorFlow of this machine, `tensorflow_model_server` where there is one, or docker."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from sagespec.building.saved_models import DEFAULT_MODEL
from sagespec.deploying.services.local import provision
from sagespec.deploying.services.local.container.channels import DataError
from sagespec.deploying.services.local.folder import read_json, write_json
from sagespec.deploying.services.local.options import LocalOptions
from sagespec.deploying.services.local.running import alive, docker, legacy, modules
from sagespec.deploying.services.local.running.processes import Command, ProcessEnding
from sagespec.deploying.services.local.service import NOT_ISOLATED
from sagespec.deploying.services.local.serving import layout, settings
from sagespec.deploying.services.local.serving.folder import (
    VARIANT,
    RevisionFolder,
    container_of,
    settings_of,
    variant_of,
)

PROGRAMS = Path(__file__).with_name("server")
"""The folder that stands in for the container's programs."""
REAL_SERVER = "tensorflow_model_server"
CONTAINER_PORT = 8080
SUBMIT = "SAGEMAKER_SUBMIT_DIRECTORY"
"""The setting that says where the Python-based server's code lies."""

NEARLY_ISOLATED = "an isolated container reaches nothing beyond this machine, but what listens on this machine itself"
NO_NAMES = "192.0.2.1"
"""An address that nobody has: docker's own name server would ask this machine's for the names of the world.

Source: RFC 5737; https://github.com/moby/moby/security/advisories/GHSA-mq39-4gv4-mvpx
"""

RunOne = Callable[[Command], ProcessEnding]


class CannotServe(DataError):
    """The revision cannot be served here. Says why."""


class ServingExecutor(Protocol):
    """The steps that depend on what serves, in their order."""

    def prepare(self, run: RunOne, note: Callable[[str], None]) -> None:
        """Gets what the servers need; `run` runs a command of the revision's own.

        Raises:
            DataError: they cannot have it.
        """
        ...

    def commands(self) -> list[Command]:
        """What is to be run together; asked again for every new run."""
        ...

    def address(self) -> str | None:
        """Where it answers, `127.0.0.1:8080`; None as long as it does not."""
        ...

    def clean_up(self) -> None:
        """Leaves nothing behind."""
        ...


class Processes:
    """The container's programs, each a process of this machine."""

    def __init__(self, revision: RevisionFolder) -> None:
        self.revision = revision
        self.options = LocalOptions(**read_json(revision.options))
        self.container = container_of(revision.bodies()[0])
        self.model_python = self.front_python = self.options.python
        self.real_server = shutil.which(REAL_SERVER)
        self.port_before: int = 0

    def prepare(self, run: RunOne, note: Callable[[str], None]) -> None:
        config = layout.server_config(self.revision.model, self._settings(), self.revision)
        if len(config["models"]) > 1 and DEFAULT_MODEL not in self._settings():
            note(f"several models, and no {DEFAULT_MODEL}: {config['default_model']} is the default")
        write_json(self.revision.server, config)
        if self.options.provision:
            self._provision(note)
        if self.real_server:
            note(f"{self.real_server} serves")
        else:
            note("TensorFlow serves by TensorFlow Serving's REST API; this is not tensorflow_model_server")
            self._check_tensorflow()
        if config["code"]:
            self._install(Path(config["code"]), run, note)

    def _provision(self, note: Callable[[str], None]) -> None:
        version = provision.version_of_image(self.container["Image"])
        if version is None:
            raise CannotServe("the image's address does not say which TensorFlow to provision")
        note_of_age = too_old(version)
        if note_of_age:
            note(note_of_age)
        wanted = provision.of_tensorflow(legacy.STAND_IN if note_of_age else version)
        try:
            environment = provision.provide(wanted, lambda progress: note(str(progress)))
        except provision.CannotProvision as error:
            raise CannotServe(str(error)) from error
        if environment.warning:
            note(environment.warning)
        self.model_python = self.front_python = str(environment.python)

    def _check_tensorflow(self) -> None:
        """Looked for, and not imported: that takes seconds, which the server takes anyway."""
        look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('tensorflow') is None)"
        if subprocess.run([self.model_python, "-c", look], capture_output=True).returncode:
            raise CannotServe(
                f"{self.model_python} has no TensorFlow, and there is no {REAL_SERVER} on PATH: "
                "give --provision, or install tensorflow"
            )

    def _install(self, code: Path, run: RunOne, note: Callable[[str], None]) -> None:
        """What `code/requirements.txt` asks for, into an environment of the script's own, as the container does it."""
        if not (code / "requirements.txt").is_file():
            return
        if (code / "lib").is_dir():
            note("there is code/lib: requirements.txt is ignored")
            return
        self._install_file("requirements.txt", code, run)

    def _install_file(self, name: str, code: Path, run: RunOne) -> None:
        self.front_python = str(provision.overlay(self.revision.path / ".environment", self.front_python))
        argv = [self.front_python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        ending = run(Command(VARIANT, [*argv, "-r", name], self._environ(), code))
        if ending.failed is not None:
            raise CannotServe(f"{name} cannot be installed: {ending.tail[-1] if ending.tail else 'see the log'}")

    def _forget_ports(self) -> None:
        """The one at which it has answered before is asked for again."""
        if self.revision.port_file.exists():
            self.port_before = int(self.revision.port_file.read_text(encoding="utf-8"))
        for file in (self.revision.port_file, self.revision.rest_port_file):
            file.unlink(missing_ok=True)

    def commands(self) -> list[Command]:
        self._forget_ports()
        config = {**read_json(self.revision.server), "port": self.port_before}
        if self.real_server:
            config["rest_port"], config["grpc_port"] = map(str, _free_ports(2))
            self.revision.rest_port_file.write_text(config["rest_port"], encoding="utf-8")
        write_json(self.revision.server, config)
        model = self._real(config) if self.real_server else self._program(self.model_python, "model")
        front = self._program(self.front_python, "front")
        return [Command(VARIANT, argv, self._environ(), self.revision.path) for argv in (model, front)]

    def _program(self, python: str, name: str) -> list[str]:
        return [python, str(PROGRAMS), name, str(self.revision.server)]

    def _real(self, config: Mapping[str, Any]) -> list[str]:
        """The real server, with the configuration and the options that the container gives it."""
        text = "model_config_list: {\n"
        for model in config["models"]:
            versions = " ".join(f"versions: {int(version)}" for version in model["versions"])
            policy = f"model_version_policy: {{ specific: {{ {versions} }} }}"
            text += f"  config: {{ name: '{model['name']}' base_path: '{model['path']}' "
            text += f"model_platform: 'tensorflow' {policy} }}\n"
        file = self.revision.path / "model-config.cfg"
        file.write_text(text + "}\n", encoding="utf-8")
        ports = [f"--port={config['grpc_port']}", f"--rest_api_port={config['rest_port']}"]
        argv = [str(self.real_server), *ports, f"--model_config_file={file}", "--max_num_load_retries=0"]
        return [sys.executable, str(PROGRAMS), "beside", *argv, *self._tuning()]

    def _tuning(self) -> list[str]:
        """What the container's settings say of threads and batches."""
        file = self.revision.path / "batching-config.cfg"
        if settings.batches(self._settings()):
            file.write_text(settings.batching_config(self._settings()), encoding="utf-8")
        return settings.server_options(self._settings(), file)

    def _settings(self) -> Mapping[str, str]:
        return settings_of(self.container)

    def _environ(self) -> dict[str, str]:
        foreign = ("SM_", "SAGEMAKER_", "TF_CONFIG", "PYTHONPATH")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        path = os.pathsep.join([str(Path(self.front_python).parent), inherited.get("PATH", os.defpath)])
        return {
            "OMP_NUM_THREADS": "1",
            **inherited,
            "PATH": path,
            "PYTHONUNBUFFERED": "1",
            **settings.variables(self._settings()),
            **self._settings(),
            alive.MARK: str(self.revision.path),
        }

    def address(self) -> str | None:
        text = self.revision.port_file.read_text(encoding="utf-8") if self.revision.port_file.exists() else ""
        return f"127.0.0.1:{text}" if text else None

    def clean_up(self) -> None:
        """All that there is are processes, which have ended."""


def too_old(version: str) -> str:
    """What is to be said of a TensorFlow that no Python here has a wheel for; empty where one may have it."""
    if legacy.minor_of(version) is None:
        return ""
    return f"a TensorFlow 2 serves in the place of {version}: it loads all models but those with ops of tf.contrib"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Container:
    """The request's image, as the service runs it: `docker run IMAGE serve`."""

    def __init__(self, revision: RevisionFolder) -> None:
        self.revision = revision
        model = revision.bodies()[0]
        self.container = container_of(model)
        self.isolated = bool(model.get("EnableNetworkIsolation"))
        self.name = f"sagespec-{revision.endpoint.name}-{revision.path.name}"
        """Of the container, and of the network that an isolated one has to itself."""

    def prepare(self, run: RunOne, note: Callable[[str], None]) -> None:
        """The model is there; the Python-based server's code is brought beside it."""
        submitted = self._settings().get(SUBMIT, "")
        if submitted.startswith("s3://"):
            archive = {"ModelDataUrl": submitted}
            layout.bring_model(archive, self.revision.endpoint.store, self.code, lambda: None)
        if self.isolated:
            note(NEARLY_ISOLATED if self.has_network else NOT_ISOLATED)
        note(f"docker runs {self.container['Image']}")

    @cached_property
    def has_network(self) -> bool:
        """Whether an isolated container has a network of its own, which leads nowhere, and in which this machine
        reaches it; made when it is first asked for.

        Raises:
            CannotServe: docker makes none.
        """
        if not self.isolated or not docker.is_beside():
            return False
        made = docker.run_docker("network", "create", "--internal", self.name)
        if made is None or (made.returncode and "already exists" not in made.stderr):
            raise CannotServe(f"docker could not make a network: {made.stderr.strip() if made else 'it is gone'}")
        return True

    @property
    def code(self) -> Path:
        return self.revision.path / "code"

    @property
    def variables(self) -> Path:
        return self.revision.path / ".variables"

    def commands(self) -> list[Command]:
        _docker("rm", "--force", self.name)  # one that has ended may not be gone yet
        environ = dict(self._settings())
        folders = {self.revision.model: "/opt/ml/model"}
        if self.code.is_dir():
            environ[SUBMIT] = "/opt/ml/code"
            folders[self.code] = "/opt/ml/code"
        environ |= docker.credentials(isolated=self.isolated)
        reached = ["--network", self.name, "--dns", NO_NAMES] if self.has_network else ["--publish", "127.0.0.1::8080"]
        argv = ["docker", "run", "--rm", "--name", self.name, *reached]
        for source, target in folders.items():
            argv += ["--mount", f"{docker.mount(str(source), target)},readonly"]
        argv += docker.variables(environ, self.variables)
        image = str(self.container["Image"])
        if "gpu" in image.rpartition(":")[2] and shutil.which("nvidia-smi"):
            argv += ["--gpus", "all"]
        environ = {**os.environ, alive.MARK: str(self.revision.path)}
        beside = [sys.executable, str(PROGRAMS), "beside", *argv, image, "serve"]
        return [Command(VARIANT, beside, environ, self.revision.path)]

    def _settings(self) -> Mapping[str, str]:
        return settings_of(self.container)

    def address(self) -> str | None:
        if self.has_network:
            own = _docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", self.name)
            return f"{own}:{CONTAINER_PORT}" if own else None
        shown = _docker("port", self.name, f"{CONTAINER_PORT}/tcp")
        number = shown.splitlines()[0].rpartition(":")[2] if shown else ""
        return f"127.0.0.1:{number}" if number.isdecimal() else None

    def clean_up(self) -> None:
        _docker("rm", "--force", self.name)
        if self.isolated:
            _docker("network", "rm", self.name)
        self.variables.unlink(missing_ok=True)


def _docker(*words: str) -> str:
    """What docker says; nothing where it fails, or is not there any more."""
    ran = docker.run_docker(*words)
    return ran.stdout.strip() if ran is not None and not ran.returncode else ""


def repository_of(image: str) -> str:
    return image.partition(":")[0].rpartition("/")[2]


def is_python_server(image: str) -> bool:
    """Whether an image is one of AWS's with the Python-based server."""
    return repository_of(image) == "sagemaker-tensorflow"


def executor_of(revision: RevisionFolder) -> ServingExecutor:
    """What serves a revision, as its options and its image say."""
    if read_json(revision.options)["executor"] == "docker":
        return Container(revision)
    if not is_python_server(str(container_of(revision.bodies()[0])["Image"])):
        return Processes(revision)
    from sagespec.deploying.services.local.serving.python_server import PythonServer

    return PythonServer(revision)


def differences(image: str, model: Mapping[str, Any], config: Mapping[str, Any], options: LocalOptions) -> list[str]:
    """What is not as in SageMaker, and no fault of the manifest's."""
    found = list(_elsewhere(config))
    if model.get("EnableNetworkIsolation"):
        has_network = options.executor == "docker" and docker.is_beside()
        found.append(NEARLY_ISOLATED if has_network else NOT_ISOLATED)
    if options.executor == "docker":
        return found
    given = settings_of(model.get("PrimaryContainer", {}))
    if not is_python_server(image):
        found += filter(None, [too_old(provision.version_of_image(image) or "")])
        batches = () if shutil.which(REAL_SERVER) else settings.without_batches(given)
        return [*found, *batches, *settings.without_effect(given)]
    from sagespec.deploying.services.local.serving.python_server import what_differs

    return [*found, what_differs(image), *settings.without_effect(given, settings.OF_PYTHON_SERVER)]


def _elsewhere(config: Mapping[str, Any]) -> Iterator[str]:
    """What SageMaker does around the container."""
    others = len(config.get("ProductionVariants", ())) + len(config.get("ShadowProductionVariants", ())) - 1
    if others > 0:
        name = variant_of(config)["VariantName"]
        yield f"one variant answers here, with the manifest's model: {name}"
    if config.get("DataCaptureConfig", {}).get("EnableCapture"):
        yield "requests and answers are not captured here"
    if "ExplainerConfig" in config:
        yield "answers are not explained here"


def refusal(image: str, model: Mapping[str, Any], config: Mapping[str, Any], options: LocalOptions) -> Sequence[str]:
    """(why this machine cannot serve it, what to do); empty where it can."""
    container = model.get("PrimaryContainer", {})
    if (
        "MultiModel" in container.get("Mode", "")
        or settings_of(container).get(settings.MULTI_MODEL, "").lower() == "true"
    ):
        return "this machine has no multi-model endpoints", "serve one model: a folder or an archive"
    if options.executor == "docker":
        why = docker.unusable()
        return () if why is None else (f"docker cannot be used: {why}", "start docker, or leave --executor docker out")
    if is_python_server(image) and not options.provision:
        return "the Python-based server needs a TensorFlow of its own, which is not installed here", "add --provision"
    repository = repository_of(image)
    known = ("tensorflow-inference", "sagemaker-tensorflow-serving", "local")
    if not repository.startswith(known) and not is_python_server(image):
        return f"the image {repository} is not TensorFlow Serving's", "use --executor docker, which runs it"
    if "AsyncInferenceConfig" in config:
        return "this machine has no asynchronous inference", "leave async_inference_config out for this machine"
    served = options.provision or shutil.which(REAL_SERVER) is not None or options.python != sys.executable
    if not served and not modules.is_here("tensorflow"):
        why = f"this Python has no TensorFlow, and there is no {REAL_SERVER} on PATH"
        return why, f"add --provision, which installs it separately; or install tensorflow into {options.python}"
    return ()
