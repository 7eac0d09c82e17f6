"""What the Python-based server calls before and after the model."""

import json


def input_fn(data, content_type):
    if content_type != "application/json":
        raise ValueError("send application/json, not " + content_type)
    return json.loads(data)


def output_fn(prediction, accept):
    scores = prediction["outputs"]["scores"]["float_val"]
    return json.dumps({"class": scores.index(max(scores))})
