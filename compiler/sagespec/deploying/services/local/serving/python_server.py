"""The Python-based server of SDK 1 on this machine: `legacy_server`, in the TensorFlow 1 of the request's image."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sagespec.building.saved_models import LEGACY, models_among, why_none
from sagespec.deploying.services.local import provision, pythons
from sagespec.deploying.services.local.container.channels import DataError
from sagespec.deploying.services.local.folder import read_json, write_json
from sagespec.deploying.services.local.running import legacy
from sagespec.deploying.services.local.running.processes import Command
from sagespec.deploying.services.local.running.scripts import STAND_INS
from sagespec.deploying.services.local.serving import layout
from sagespec.deploying.services.local.serving.executors import SUBMIT, CannotServe, Processes, RunOne
from sagespec.deploying.services.local.serving.folder import VARIANT, RevisionFolder

SERVER = STAND_INS / "legacy_server.py"
MESSAGES = "tensorflow-serving-api"
"""The messages that the server and scripts speak with the model in; it requires another package of TensorFlow."""
STAND_IN_MESSAGES = f"{MESSAGES}==2.15.1"


class PythonServer(Processes):
    """The container's web service and its model server, in one process."""

    def __init__(self, revision: RevisionFolder) -> None:
        super().__init__(revision)
        self.version = provision.version_of_image(str(self.container["Image"])) or "1.x"

    @property
    def code(self) -> Path:
        """What stands for /opt/ml/code."""
        return self.revision.path / "code"

    def prepare(self, run: RunOne, note: Callable[[str], None]) -> None:
        settings = self._settings()
        submitted = settings.get(SUBMIT, "")
        if submitted:
            layout.bring_model({"ModelDataUrl": submitted}, self.revision.endpoint.store, self.code, lambda: None)
        version = newest_in(self.revision.model)
        note("TensorFlow serves by the messages of TensorFlow Serving's gRPC API; this is not tensorflow_model_server")
        found = self._environment(note)
        self.front_python = str(found.python)
        self._check_script(settings.get("SAGEMAKER_PROGRAM", ""))
        self._install_named(settings.get("SAGEMAKER_REQUIREMENTS", ""), run, note)
        config = {"model": str(self.revision.model / LEGACY / version), "version": int(version), "runs": found.version}
        write_json(self.revision.server, {**config, "code": str(self.code), "port_file": str(self.revision.port_file)})

    def _environment(self, note: Callable[[str], None]) -> provision.ProvisionedEnvironment:
        minor = legacy.minor_of(self.version)
        own = legacy.of_version(self.version, legacy.BESIDE)
        own = None if own is None else replace(own, alone=(f"{MESSAGES}==1.{minor}.*",))
        stand_in = replace(provision.of_tensorflow(legacy.STAND_IN), alone=(STAND_IN_MESSAGES,))
        try:
            return legacy.provided(own, stand_in, note, sys.executable)
        except provision.CannotProvision as error:
            raise CannotServe(str(error)) from error

    def _check_script(self, program: str) -> None:
        """A script for Python 2 may be none for the Python 3 that stands in."""
        script = self.code / program
        why = legacy.unreadable(self.front_python, script) if program and script.is_file() else ""
        if why:
            raise CannotServe(why)

    def _install_named(self, name: str, run: RunOne, note: Callable[[str], None]) -> None:
        """What the request's requirements file asks for, into an environment of the script's own."""
        if name and not (self.code / name).is_file():
            note(f"the requirements file {name} is not there")
        elif name:
            self._install_file(name, self.code, run)

    def commands(self) -> list[Command]:
        self._forget_ports()
        write_json(self.revision.server, {**read_json(self.revision.server), "port": self.port_before})
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONDONTWRITEBYTECODE": "1"}  # Python 2 would write beside our files
        environ = {**self._environ(), "LEGACY_VERSION": self.version, **quiet}
        command = [self.front_python, str(SERVER), str(self.revision.server)]
        return [Command(VARIANT, command, environ, self.revision.path)]


def newest_in(model: Path) -> str:
    """The folder of the version that the server loads: the newest below the only place where it looks.

    Raises:
        DataError: there is none.
    """
    names = [path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()]
    found = models_among(names)
    for one in found:
        if one.folder == LEGACY:
            return one.versions[-1]
    why = f"it lies in {found[0].folder or 'the root'}" if found else why_none(names)
    raise DataError(f"no SavedModel bundles found! The Python-based server looks into {LEGACY}/<number>/ only: {why}")


def what_differs(image: str) -> str:
    """What the Python-based server of this machine is not, for a plan."""
    version = provision.version_of_image(image) or "1.x"
    python = legacy.own_python()
    if python is None:
        which = f"TensorFlow {legacy.STAND_IN} or newer stands in for {version}, in Python 3 instead of 2.7"
    else:
        which = f"TensorFlow {version} itself serves, in Python {pythons.version_of(python)}"
    return f"here {which}, without tensorflow_model_server and in one process"
