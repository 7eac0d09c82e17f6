"""AWS's own serving container, less the container: its programs on this machine, in front of a model server of ours.

    python tests/serving/serving_container.py SOURCE [FILE]

writes down how they answer, in tests/serving/recorded/serving_container.json or in FILE. SOURCE is the folder
docker/build_artifacts/sagemaker of https://github.com/aws/sagemaker-tensorflow-serving-container. It runs
`serve.py` as it is, but for the places of its files, so that the Python that runs this needs boto3, falcon 3, gevent,
grpcio, gunicorn and requests, and the machine nginx with njs (Debian: nginx, libnginx-mod-http-js; NGINX_PROGRAM and
NGINX_MODULES name other places).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from serving.endpoints import model_server
from serving.serving_cases import LAYOUTS, SCRIPTS, SETTINGS, STARTS, Asked, Record, requests_for

RECORDED = Path(__file__).resolve().parent / "recorded" / "serving_container.json"
MODELS = {"half_plus_three/1": 3, "half_plus_three/2": 4, "half_plus_two/1": 2}
DEFAULT = {"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "half_plus_three"}
QUICK = {"SAGEMAKER_TFS_WAIT_TIME_SECONDS": "10"}
WORDS = {
    "SAGEMAKER_TFS_NGINX_LOGLEVEL": ("notice", "warn", "crit", "emerg", "warning", "INFO", ""),
    "SAGEMAKER_GUNICORN_LOGLEVEL": ("warning", "loud"),
    "SAGEMAKER_GUNICORN_WORKER_CLASS": ("sync", "gthread", "none-such"),
    "SAGEMAKER_GUNICORN_WORKERS": ("2", "two"),
    "SAGEMAKER_TFS_DEFAULT_MODEL_NAME": ("half_plus_two", "nobody"),
}
"""Settings that programs of the container take or do not take."""
NAP = 1.0
SLEEPS = f"""\
import time

def handler(data, context):
    time.sleep({NAP})
    return "slept", "text/plain"
"""
LOOK = """\
import json, os, serve
one = serve.ServiceManager()
try:
    one._create_tfs_config()
    print(json.dumps([one._tfs_default_model_name, open(one._tfs_config_path).read()]))
except ValueError as error:
    print(json.dumps(str(error)))
"""


SETTLE = """\
import json, multiprocessing, os, re
multiprocessing.cpu_count = lambda: 1000
ran = []
class Ran:
    pid = 0
    def __init__(self, words, **more):
        ran.append(words[1:])
try:
    import serve, tfs_utils
    one = serve.ServiceManager()
    serve.subprocess.Popen, serve.subprocess.check_output = Ran, lambda *words, **more: b""
    if one._tfs_enable_batching:
        tfs_utils.create_batching_config(one._tfs_batching_config_path)
    if not one._tfs_enable_multi_model_endpoint:
        one._create_tfs_config()
        one._start_tfs()
    one._create_nginx_config()
    one._setup_gunicorn()
    nginx = open("nginx.conf").read()
    found = {
        "servers": [" ".join(one for one in words if "port=" not in one and "config_file" not in one) for words in ran],
        "batching": open(one._tfs_batching_config_path).read() if one._tfs_enable_batching else "",
        "default": one._tfs_default_model_name if os.environ["SAGEMAKER_TFS_DEFAULT_MODEL_NAME"] != "None" else None,
        "nginx": " ".join(re.findall(r"(?:listen|proxy_read_timeout|error_log|server localhost).*?;", nginx)),
        "gunicorn": one._gunicorn_command.partition(" --pythonpath")[0].partition(" -e ")[0],
    }
except Exception as error:
    found = {"refused": type(error).__name__ + ": " + str(error)}
print(json.dumps(found))
"""
"""What the container would run, and is not run."""


def lay(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def half_plus(folder: Path) -> None:
    lay(folder, {f"{place}/saved_model.pb": str(n) for place, n in MODELS.items()})


class ServingContainer:
    """The container's files in a folder of their own."""

    def __init__(self, source: Path, folder: Path, files: Mapping[str, str]) -> None:
        self.folder, self.model = folder, folder / "ml" / "model"
        self.model.mkdir(parents=True)
        self.programs = folder / "sagemaker"
        self.programs.mkdir()
        self.nginx = os.environ.get("NGINX_PROGRAM", "/usr/sbin/nginx")
        modules = os.environ.get("NGINX_MODULES", "/usr/lib/nginx/modules")
        places = {
            "/tmp/": f"{folder}/",
            "/opt/ml": str(folder / "ml"),
            "/sagemaker": str(self.programs),
            "/usr/sbin/nginx": self.nginx,
            "load_module modules": f"load_module {modules}",
            "worker_processes auto;": "user root; worker_processes 1;" if os.getuid() == 0 else "worker_processes 1;",
            "include /etc/nginx/mime.types;": " ".join(
                f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            ),
        }
        for path in source.iterdir():
            text = path.read_text()
            if path.name == "tfs_utils.py":
                # It counts the parts of a model's path, which are two more here than in `/opt/ml`.
                text = text.replace("len(parts) >= 6", f"len(parts) >= {6 + len(folder.parts) - 2}")
            for place, other in places.items():
                text = text.replace(place, other)
            (self.programs / path.name).write_text(text)
        (folder / "bin").mkdir()
        model_server(folder / "bin")
        lay(self.model, files)

    def environ(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **more}

    @contextlib.contextmanager
    def running(self, **environment: str) -> Iterator[int | None]:
        """Its port, once it answers pings; None where it does not."""
        port, first = free_port(), free_port() - 1  # the model server takes the second of the range
        ports = {"SAGEMAKER_BIND_TO_PORT": str(port), "SAGEMAKER_SAFE_PORT_RANGE": f"{first}-{first + 9}"}
        with (self.folder / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "serve.py"],
                cwd=self.programs,
                env=self.environ(**{**DEFAULT, **ports, "SAGEMAKER_GUNICORN_TIMEOUT_SECONDS": "5", **environment}),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield port if self._answers(process, port) else None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()

    def _answers(self, process: subprocess.Popen[bytes], port: int) -> bool:
        end = time.monotonic() + 60
        while (
            process.poll() is None
            and time.monotonic() < end
            and not re.search(r"unexpected (gunicorn|nginx) exit", (self.folder / "log").read_text())
        ):
            with contextlib.suppress(OSError):
                if ask(port, ("GET", "/ping", {}, None))["status"] == 200:
                    return True
            time.sleep(0.1)
        return False


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ask(port: int, asked: Asked) -> Record:
    """What is answered: the status, the content type, and the text of it where it is the container's own; `broken`
    where the connection ends before the answer does."""
    method, path, headers, body = asked
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        data = None if body is None else body.encode()
        for name, value in headers.items():
            connection.putheader(name, value)
        if data is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        text = answer.read().decode("latin-1")
    except http.client.IncompleteRead:
        return {"broken": True}
    finally:
        connection.close()
    kind = answer.getheader("Content-Type")
    if kind is not None and kind.startswith("text/html"):  # a page of nginx's or gunicorn's, for people
        return {"status": answer.status}
    return {"status": answer.status, "type": kind, "body": re.sub(r"(http://[a-z]+):\d+", r"\1:PORT", text)}


def answers_of(source: Path, script: str) -> dict[str, Record]:
    with tempfile.TemporaryDirectory() as folder:
        container = ServingContainer(source, Path(folder), SCRIPTS[script])
        half_plus(container.model)
        with container.running() as port:
            if port is None:
                sys.exit(f"{script}: {(container.folder / 'log').read_text()}")
            return {name: ask(port, asked) for name, asked in requests_for(script).items()}


def starts_with(source: Path, files: Mapping[str, str], **environment: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        container = ServingContainer(source, Path(folder), files)
        half_plus(container.model)
        with container.running(**environment) as port:
            return port is not None


def together(source: Path) -> bool:
    """Whether requests are answered side by side: eight in less than the time of three."""
    with tempfile.TemporaryDirectory() as folder:
        container = ServingContainer(source, Path(folder), {"code/inference.py": SLEEPS})
        half_plus(container.model)
        with container.running() as port:
            assert port is not None, (container.folder / "log").read_text()
            return side_by_side(port)


def side_by_side(port: int, nap: float = NAP) -> bool:
    def one(_: int) -> Record:
        return ask(port, ("POST", "/invocations", {"Content-Type": "text/plain"}, "x"))

    one(0)  # the first may find the worker still on its way
    began = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(one, range(8)))
    assert {answer["body"] for answer in answers} == {"slept"}
    return time.monotonic() - began < 3 * nap


def found_in(source: Path, names: tuple[str, ...]) -> Record:
    """The models of a layout, each with its versions; or how the container refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        container = ServingContainer(source, Path(folder), dict.fromkeys(names, ""))
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", LOOK],
            cwd=container.programs,
            env=container.environ(),
            capture_output=True,
            text=True,
            check=True,
        )
        said = json.loads(ran.stdout)
    if isinstance(said, str):
        return {"refused": said}
    models = []
    for block in said[1].split("config: {")[1:]:
        name = re.findall(r"name: '(.*)'", block)[0]
        models.append([name, sorted(map(int, re.findall(r"versions: (\d+)", block)))])
    return {"models": sorted(models), "default": said[0] if len({name for name, _ in models}) == 1 else None}


def settled_by(source: Path, environment: Mapping[str, str]) -> Record:
    """What an environment makes of the container's programs; or how it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        container = ServingContainer(source, Path(folder), SCRIPTS["echo"])
        half_plus(container.model)
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SETTLE],
            cwd=container.programs,
            env=container.environ(**{"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "half_plus_three", **environment}),
            capture_output=True,
            text=True,
            check=True,
        )
        found: Record = json.loads(ran.stdout.replace(folder, ""))
        return found


def record(source: Path) -> Record:
    return {
        "source": "https://github.com/aws/sagemaker-tensorflow-serving-container at da19256",
        "layouts": {name: found_in(source, names) for name, names in LAYOUTS.items()},
        "starts": {name: starts_with(source, files) for name, files in STARTS.items()},
        "starts with": {
            f"{name}={value}": starts_with(source, SCRIPTS["echo"], **QUICK, **{name: value})
            for name, values in WORDS.items()
            for value in values
        },
        "together": together(source),
        "settings": {name: settled_by(source, environment) for name, environment in SETTINGS.items()},
        "answers": {script: answers_of(source, script) for script in SCRIPTS},
    }


def main() -> None:
    into = Path(sys.argv[2]) if len(sys.argv) > 2 else RECORDED
    text = json.dumps(record(Path(sys.argv[1]).resolve()), indent=1, ensure_ascii=False)
    into.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    assert shutil.which(os.environ.get("NGINX_PROGRAM", "/usr/sbin/nginx")), __doc__
    main()
