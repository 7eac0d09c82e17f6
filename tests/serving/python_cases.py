"""Scripts and requests that AWS's Python-based server of TensorFlow 1 and this machine's are both given."""

from __future__ import annotations

import json

JSON, CSV, BYTES = "application/json", "text/csv", "application/octet-stream"
Asked = tuple[str, str, dict[str, str], bytes]
"""Method, path, headers, body."""

MODELS = {"predict": "the sum of a row, and its greatest", "classify": "what a canned estimator exports"}
"""Which signature is the default one."""
MAKE_MODELS = """
import os, sys
import tensorflow as tf
from tensorflow.python.saved_model import builder, signature_def_utils as made, utils

folder, info = sys.argv[1], utils.build_tensor_info


def save(name, signatures, session):
    one = builder.SavedModelBuilder(os.path.join(folder, name, "export", "Servo", "1500000000"))
    one.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
    one.save()


with tf.Session(graph=tf.Graph()) as session:
    x = tf.placeholder(tf.float32, [None, None], name="x")
    total, most = tf.reduce_sum(x, 1), tf.cast(tf.argmax(x, 1), tf.int64)
    save("predict", {
        "serving_default": made.build_signature_def(
            {"inputs": info(x)},
            {"total": info(total), "most": info(most), "twice": info(x * 2), "text": info(tf.as_string(total))},
            "tensorflow/serving/predict"),
        "other": made.build_signature_def({"inputs": info(x)}, {"half": info(x / 2)}, "tensorflow/serving/predict"),
    }, session)

with tf.Session(graph=tf.Graph()) as session:
    raw = tf.placeholder(tf.string, [None], name="raw")
    features = tf.parse_example(raw, {"inputs": tf.FixedLenFeature([2], tf.float32)})
    scores = features["inputs"] / 8
    labels = tf.tile(tf.constant([["low", "high"]]), [tf.shape(scores)[0], 1])
    save("classify", {
        "serving_default": made.build_signature_def(
            {"inputs": info(raw)}, {"scores": info(scores), "classes": info(labels)}, "tensorflow/serving/classify"),
    }, session)
"""
FUNCTIONS = """\
import json


def input_fn(data, content_type):
    if content_type == "application/x-rows":
        return [[float(cell) for cell in row.split()] for row in data.decode("utf-8").split(";")]
    if content_type == "application/x-half":
        from tensorflow_serving.apis import predict_pb2
        import tensorflow as tf
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "generic_model"
        request.model_spec.signature_name = "other"
        request.inputs["inputs"].CopyFrom(tf.make_tensor_proto([[1.0, 2.0]], dtype=tf.float32))
        return request
    return json.loads(data)


def output_fn(prediction, accept):
    if hasattr(prediction, "outputs"):
        values = dict((name, list(tensor.float_val)) for name, tensor in prediction.outputs.items())
        return json.dumps([accept, values], sort_keys=True)
    return json.dumps([accept, [each.label for each in prediction.result.classifications[0].classes]])
"""
SCRIPTS = {
    "none": "",
    "functions": FUNCTIONS,
    "input_fn": "def input_fn(data, content_type):\n    return [[1.0, float(len(data))]]\n",
    "output_fn": "def output_fn(prediction, accept):\n    return 'said as ' + accept\n",
    "transform_fn": (
        "def transform_fn(data, content_type, accept):\n"
        "    kind = 'text' if isinstance(data, type(u'')) else 'bytes'\n"
        "    return {'list': [u'a', u'b'], 'none': None, 'number': 7}.get(content_type, kind)\n\n"
        "def input_fn(data, content_type):\n    raise ValueError('never called')\n"
    ),
    "raises": "def input_fn(data, content_type):\n    raise ValueError('no')\n",
}
ROWS = json.dumps([[1.0, 2.0], [3.0, 5.5]]).encode()
TENSOR = json.dumps(
    {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "1"}, {"size": "2"}]}, "floatVal": [1, 2]}
).encode()


def posted(content_type: str | None, body: bytes, accept: str | None = None, **more: str) -> Asked:
    headers = {"Content-Type": content_type, "Accept": accept, **more}
    return "POST", "/invocations", {name: text for name, text in headers.items() if text is not None}, body


MESSAGE = (
    b"\n\x0f\n\rgeneric_model\x12 \n\x06inputs\x12\x16\x08\x01\x12\x08\x12\x02\x08\x01\x12\x02\x08\x02*\x08"
    b"\x00\x00\x80?\x00\x00\x00@"
)
"""A PredictRequest: 1 and 2, as `inputs`."""
REQUESTS: dict[str, Asked] = {
    "ping": ("GET", "/ping", {}, b""),
    "ping posted": ("POST", "/ping", {}, b""),
    "invocations looked at": ("GET", "/invocations", {}, b""),
    "rows": posted(JSON, ROWS),
    "a row": posted(JSON, b"[1.5, 2]"),
    "whole numbers": posted(JSON, b"[[1, 2]]"),
    "named": posted(JSON, b'{"inputs": [[1.0, 2.0]]}'),
    "named, one row": posted(JSON, b'{"inputs": [1.0, 2.0]}'),
    "several named": posted(JSON, b'[{"inputs": [1.0, 2.0]}, {"inputs": [3.0, 1.0]}]'),
    "whole numbers named": posted(JSON, b'{"inputs": [1, 2]}'),
    "named wrongly": posted(JSON, b'{"other": [[1.0]]}'),
    "a tensor": posted(JSON, TENSOR),
    "a number": posted(JSON, b"7.0"),
    "text": posted(JSON, b'"abc"'),
    "an empty list": posted(JSON, b"[]"),
    "an empty object": posted(JSON, b"{}"),
    "no JSON": posted(JSON, b"{"),
    "nothing": posted(JSON, b""),
    "no content type": posted(None, ROWS),
    "ContentType": posted("text/plain", ROWS, ContentType=JSON),
    "JSON with a charset": posted(f"{JSON}; charset=utf-8", ROWS),
    "csv": posted(CSV, b"1.0,2.0"),
    "csv of two lines": posted(CSV, b"1.0,2.0\n3.0,4.0\n"),
    "csv of text": posted(CSV, b"a,b"),
    "csv that is not UTF-8": posted(CSV, b"\xff"),
    "empty csv": posted(CSV, b""),
    "bytes that are a predict request": posted(BYTES, MESSAGE),
    "bytes that are none": posted(BYTES, b"\xff\xff"),
    "no bytes": posted(BYTES, b""),
    "another content type": posted("text/plain", ROWS),
    "answered as bytes": posted(JSON, ROWS, BYTES),
    "answered as anything": posted(JSON, ROWS, "*/*"),
    "answered as csv": posted(JSON, ROWS, CSV),
    "one row as csv": posted(JSON, b'{"inputs": [1.0, 2.0]}', CSV),
    "answered as one of several": posted(JSON, ROWS, f"{JSON}, {CSV}"),
    "rows of its own": posted("application/x-rows", b"1 2;3 4"),
    "a request of its own": posted("application/x-half", b""),
    "list": posted("list", b""),
    "none": posted("none", b""),
    "number": posted("number", b""),
}
