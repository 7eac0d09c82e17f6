"""What TensorFlow Serving's container calls before and after the model."""

import json


def input_handler(data, context):
    """One image of 784 pixels a line of CSV → TensorFlow Serving's JSON."""
    if context.request_content_type != "text/csv":
        raise ValueError(f"send text/csv, not {context.request_content_type}")
    lines = data.read().decode("utf-8").splitlines()
    return json.dumps({"instances": [[float(pixel) for pixel in line.split(",")] for line in lines if line]})


def output_handler(response, context):
    """The most likely digit of each image."""
    if response.status_code != 200:
        raise ValueError(response.content.decode("utf-8"))
    digits = [scores.index(max(scores)) for scores in response.json()["predictions"]]
    return json.dumps(digits), "application/json"
