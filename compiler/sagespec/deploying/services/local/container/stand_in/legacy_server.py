"""Answers as AWS's containers for TensorFlow 1.4 to 1.12 do: /ping and /invocations, through a script's functions.

A program for Python 2.7 and newer: `python legacy_server.py CONFIG`. The model server behind them, which the container
asks by gRPC, is TensorFlow itself here.
Source: https://github.com/aws/sagemaker-containers/tree/r1.0/src/container_support (serving.py, environment.py);
https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0/src/tf_container (serve.py)
"""

from __future__ import print_function

import csv
import importlib
import io
import json
import os
import sys
import threading
import time
import traceback

from google.protobuf import json_format
from legacy_servable import Servable
from legacy_tensorflow import log_line, tensorflow
from tensorflow.core.framework import tensor_pb2

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from socketserver import ThreadingMixIn
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
    from SocketServer import ThreadingMixIn

JSON, CSV, BYTES, ANY = "application/json", "text/csv", "application/octet-stream", "*/*"
TEXT = type(b"".decode("ascii"))
PAUSE = 0.25
"""Seconds between two looks at whether the caller still lives."""


class Unsupported(Exception):
    """A content type that is not understood, or one that is not made."""

    def __init__(self, status, beginning, what):
        # Two arguments, which Python writes as a pair: the container's answer is that text.
        Exception.__init__(self, beginning + what, what)
        self.status = status


def unsupported_content(kind):
    return Unsupported(415, "Requested unsupported ContentType: ", "Unsupported content-type " + kind)


def unsupported_accept(kind):
    return Unsupported(406, "Requested unsupported ContentType in Accept: ", "invalid accept type " + kind)


class Transformer(object):
    """From a request's body to an answer's: `transform_fn`, or `input_fn`, the model, and `output_fn`."""

    def __init__(self, servable, script):
        self.servable = servable
        self.input_fn = getattr(script, "input_fn", self._read)
        self.output_fn = getattr(script, "output_fn", self._written)
        self.transform_fn = getattr(script, "transform_fn", self._transform)

    def _transform(self, data, content_type, accept):
        return self.output_fn(self.servable.ask(self.input_fn(data, content_type)), accept)

    def _read(self, data, content_type):
        if content_type == JSON:
            return _from_json(data)
        if content_type == CSV:
            return [float(cell) for cell in next(csv.reader(_lines(data)))]  # the first line, and no other
        if content_type == BYTES:
            return self.servable.parsed(data)
        raise unsupported_content(content_type)

    def _written(self, answer, accept):
        if accept in (JSON, ANY):
            return json_format.MessageToJson(answer)
        if accept == BYTES:
            return answer.SerializeToString()
        raise unsupported_accept(accept)


def _from_json(data):
    """A tensor, where the text is one as protobuf writes it; else what JSON says."""
    try:
        return json_format.Parse(data, tensor_pb2.TensorProto())
    except json_format.ParseError:
        return json.loads(data)


def _lines(text):
    """Python 2's `csv` reads bytes."""
    return io.StringIO(text) if sys.version_info[0] > 2 else io.BytesIO(text.encode("utf-8"))


class Front(object):
    """The container's web service."""

    def __init__(self, transformer, default_accept):
        self.transformer = transformer
        self.default_accept = default_accept

    def answer(self, method, path, headers, body):
        """(status, content type, bytes)"""
        path = path.partition("?")[0]
        if not path.startswith(("/ping", "/invocations")):
            return 404, BYTES, b"{}"
        methods = {"/ping": ("GET", "HEAD", "OPTIONS"), "/invocations": ("POST", "OPTIONS")}.get(path)
        if methods is None:
            return _page(404, "Not Found")
        if method not in methods:
            return _page(405, "Method Not Allowed")
        if method == "POST":
            return self._invoke(headers, body)
        return 200, _typed("text/html"), b""

    def _invoke(self, headers, body):
        content_type = headers.get("ContentType") or headers.get("Content-Type") or JSON
        accept = headers.get("Accept") or self.default_accept or JSON
        accept = self.default_accept if accept == ANY else accept
        try:
            data = body.decode("utf-8") if content_type in (JSON, CSV) else body
            return 200, _typed(accept), _sendable(self.transformer.transform_fn(data, content_type, accept))
        except Unsupported as error:
            return error.status, JSON, json.dumps(str(error)).encode("utf-8")
        except Exception:
            traceback.print_exc()
            return 500, _typed("text/html"), b""  # the container says no more: its log does


def _page(status, title):
    text = "<!DOCTYPE HTML>\n<title>%d %s</title>\n<h1>%s</h1>\n" % (status, title, title)
    return status, "text/html", text.encode("ascii")


def _typed(kind):
    return kind + "; charset=utf-8" if kind.startswith("text/") else kind


def _sendable(made):
    """Text, bytes, or several of them one after the other."""
    if isinstance(made, TEXT):
        return made.encode("utf-8")
    if isinstance(made, (bytes, bytearray)):
        return bytes(made)
    return b"".join(each.encode("utf-8") if isinstance(each, TEXT) else bytes(each) for each in made or ())


def server_of(front, port):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, made = front.answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(made)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(made)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = respond

        def log_message(self, format, *values):
            print("%s %s %s" % (self.command, self.path, values[1]), file=sys.stderr)
            sys.stderr.flush()

    class Server(ThreadingMixIn, HTTPServer):
        daemon_threads = True
        request_queue_size = 128

    if port:
        try:
            return Server(("127.0.0.1", port), Handler)
        except (OSError, IOError):
            log_line("port %d is taken: another is used" % port)
    return Server(("127.0.0.1", 0), Handler)


def script_of(code):
    """The author's module; None where no program is named."""
    program = os.environ.get("SAGEMAKER_PROGRAM")
    if not program:
        return None
    sys.path.insert(0, code)
    return importlib.import_module(program[:-3] if program.endswith(".py") else program)


def end_with_caller():
    """Ends this process soon after the one that has started it, however that ends: nothing is left behind."""
    caller = os.getppid()

    def watch():
        while os.getppid() == caller:
            time.sleep(PAUSE)
        os._exit(1)

    thread = threading.Thread(target=watch)
    thread.daemon = True
    thread.start()


def main(config):
    end_with_caller()
    del sys.path[0]  # this program's own folder: what lies there stands in for packages that may be installed
    tf, _ = tensorflow()
    tf.logging.set_verbosity(tf.logging.ERROR)
    servable = Servable(tf, str(config["model"]), config["version"])
    runs = (config["runs"], servable.version)
    log_line("TensorFlow %s serves version %d in the place of tensorflow_model_server" % runs)
    transformer = Transformer(servable, script_of(config["code"]))
    front = Front(transformer, os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON))
    server = server_of(front, config["port"])
    draft = config["port_file"] + ".new"
    with open(draft, "w") as file:
        file.write(str(server.server_address[1]))
    os.rename(draft, config["port_file"])
    server.serve_forever()


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        config = json.load(file)
    main(config)
