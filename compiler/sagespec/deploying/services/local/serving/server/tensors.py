"""Tensors as JSON and back, by the rules of TensorFlow Serving's REST API, down to the digits.

Source: https://www.tensorflow.org/tfx/serving/api_rest;
https://github.com/tensorflow/serving (util/json_tensor.cc)
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Refused(Exception):
    """A request that cannot be carried out, with the word of TensorFlow's status codes that says which kind it is."""

    def __init__(self, message: str, code: str = "INVALID_ARGUMENT") -> None:
        self.message = message
        self.code = code
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Info(NamedTuple):
    """What a signature says of one of its tensors."""

    tensor: str
    """Its name in the graph."""
    dtype: str
    """`float`, `double`, `int32`, `string` …"""
    shape: Sequence[int] | None
    """-1 where any size will do; None where any rank will."""


class Tensor(NamedTuple):
    """Values in the order of the last dimension first, and how they are arranged."""

    dtype: str
    shape: Sequence[int]
    values: Sequence[Any]
    """Numbers, truth values, or bytes."""


# From JSON ------------------------------------------------------------------------------------------------------------

FLOATS = {"float": 24, "double": 53, "half": 11}
"""Type → bits of its mantissa: larger whole numbers are not all there."""
LARGEST = {"float": 3.4028234663852886e38, "double": math.inf, "half": 65504.0}
WHOLE = {
    **dict.fromkeys(("int32", "int16", "int8", "uint8"), (-(2**31), 2**31 - 1)),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}


def shown(value: Any) -> str:
    """A JSON value in an error message."""
    return json.dumps(value, indent=4, ensure_ascii=False)


def tensor_of(value: Any, dtype: str) -> Tensor:
    """The tensor that a value, or a list of lists, is meant as.

    Raises:
        Refused: its lists are of different lengths, or a value is not of the type.
    """
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        if not inner:
            break
        inner = inner[0]
    values: list[Any] = []
    _fill(value, 0, dtype, shape, values)
    return Tensor(dtype, shape, values)


def _fill(value: Any, level: int, dtype: str, shape: Sequence[int], values: list[Any]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            place = f"found at incorrect level: {level + 1} in the JSON DOM. Expected at level: {len(shape)}"
            raise Refused(f"JSON Value: {shown(value)} {place}")
        values.append(_single(value, dtype))
        return
    if level >= len(shape):
        raise Refused(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        sizes = f"{len(value)} at level: {level} expected size: {shape[level]}"
        raise Refused(f"Encountered list at unexpected size: {sizes}")
    for item in value:
        _fill(item, level + 1, dtype, shape, values)


def _single(value: Any, dtype: str) -> Any:
    if isinstance(value, dict) and dtype == "string":
        return _decoded(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if dtype in FLOATS and is_number:
        if not _fits(value, dtype):
            raise Refused(f"Cannot convert JSON value: {shown(value)} to {dtype} without loss of precision.")
        return float(value)
    if dtype in WHOLE and is_number and isinstance(value, int) and WHOLE[dtype][0] <= value <= WHOLE[dtype][1]:
        return value
    if dtype == "bool" and isinstance(value, bool):
        return value
    if dtype == "string" and isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if dtype in FLOATS or dtype in WHOLE or dtype in ("bool", "string"):
        raise Refused(f"JSON Value: {shown(value)} Type: {kind_of(value)} is not of expected type: {dtype}")
    raise Refused(f"Conversion of JSON Value: {shown(value)} to type: {dtype}", "UNIMPLEMENTED")


def _fits(value: float, dtype: str) -> bool:
    if isinstance(value, int):
        return bool(abs(value) < 2 ** FLOATS[dtype])
    return not math.isfinite(value) or abs(value) <= LARGEST[dtype]


def kind_of(value: Any) -> str:
    """What JSON calls a value's type."""
    if isinstance(value, bool):
        return "True" if value else "False"
    names = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
    return names.get(type(value), "Null")


def is_b64(value: Any) -> bool:
    """Whether a value is bytes: `{"b64": "…"}`, and nothing else in it."""
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _decoded(value: Any) -> bytes:
    if not is_b64(value):
        raise Refused(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except binascii.Error:
        raise Refused("Unable to base64 decode") from None


def rows(instances: Sequence[Any], inputs: Mapping[str, Info]) -> dict[str, Tensor]:
    """`instances`: one row each, all alike, which become a batch.

    Raises:
        Refused: a row is not what the signature wants, or not like the others.
    """
    first = instances[0]
    if not isinstance(first, dict) and len(inputs) > 1:
        wanted = "expecting list of objects as multiple input tensors required as per tensorinfo_map"
        raise Refused(f"instances is a plain list, but {wanted}")
    named = _is_row(first)
    batches: dict[str, list[Tensor]] = {}
    for number, row in enumerate(instances):
        if named and not _is_row(row):
            raise Refused(f"Expecting object but got list at item {number} of input list")
        if not named and _is_row(row):
            raise Refused(f"Expecting value/list but got object at item {number} of input list")
        for name, value in row.items() if named else [(next(iter(inputs)), row)]:
            where = f"{number} key: {name}" if named else str(number)
            try:
                _add(name, value, inputs, batches)
            except Refused as error:
                raise Refused(f"Failed to process element: {where} of 'instances' list. Error: {error}") from None
        if named and set(row) != set(inputs):
            keys = f"JSON object: {shown(row)} keys must be equal to: {','.join(sorted(inputs))}"
            raise Refused(f"Failed to process element: {number} of 'instances' list. {keys}")
    return {name: _stacked(tensors) for name, tensors in batches.items()}


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and not is_b64(value)


def _add(name: str, value: Any, inputs: Mapping[str, Info], batches: dict[str, list[Tensor]]) -> None:
    if name not in inputs:
        raise Refused(f"JSON object: does not have named input: {name}")
    tensor = tensor_of(value, inputs[name].dtype)
    before = batches.setdefault(name, [])
    if before and len(before[0].values) != len(tensor.values):
        raise Refused(f"Expecting tensor size: {len(before[0].values)} but got: {len(tensor.values)}")
    if before and list(before[0].shape) != list(tensor.shape):
        shapes = [f"[{','.join(map(str, one.shape))}]" for one in (before[0], tensor)]
        raise Refused(f"Expecting shape {shapes[0]} but got: {shapes[1]}")
    before.append(tensor)


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    values = [value for tensor in tensors for value in tensor.values]
    return Tensor(tensors[0].dtype, [len(tensors), *tensors[0].shape], values)


def columns(given: Any, inputs: Mapping[str, Info]) -> dict[str, Tensor]:
    """`inputs`: whole tensors by name, or the only one.

    Raises:
        Refused: one is missing, or not of its type.
    """
    if not isinstance(given, dict) or is_b64(given):
        if len(inputs) > 1:
            wanted = "expecting an object as multiple input tensors required as per tensorinfo_map"
            raise Refused(f"inputs is a plain value/list, but {wanted}")
        [(name, info)] = inputs.items()
        return {name: tensor_of(given, info.dtype)}
    missing = next((name for name in inputs if name not in given), None)
    if missing is not None:
        raise Refused(f"Missing named input: {missing} in 'inputs' object.")
    return {name: tensor_of(given[name], info.dtype) for name, info in inputs.items()}


# To JSON --------------------------------------------------------------------------------------------------------------

DIGITS = {"float": 9, "double": 17, "half": 9}
"""Type → digits that tell any two of its values apart."""


def decimal(value: float, dtype: str) -> str:
    """A number with six digits where these are all, else with as many as its type needs."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    text = f"{value:.6g}"
    if _rounded(float(text), dtype) != value:
        text = f"{value:.{DIGITS[dtype]}g}"
    return text if "." in text or "e" in text else f"{text}.0"


def _rounded(value: float, dtype: str) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0]) if dtype != "double" else value


def written(tensor: Tensor, name: str, start: int = 0) -> list[Any]:
    """A tensor's values as JSON texts in nested lists, from a dimension on.

    Args:
        start: 0 for the whole tensor; 1 for the items of a batch, as a list of them.
    """
    flat: Sequence[Any] = [_text(value, tensor.dtype, name) for value in tensor.values]
    for size in reversed(tensor.shape[1:]):
        count = len(flat) // size if size else math.prod(tensor.shape[: len(tensor.shape) - 1])
        flat = [list(flat[index * size : (index + 1) * size]) for index in range(count)]
    return list(flat) if start or tensor.shape else [flat[0]]


def _text(value: Any, dtype: str, name: str) -> str:
    if dtype in FLOATS:
        return decimal(value, dtype)
    if dtype == "string":
        if name.endswith("_bytes"):
            return json.dumps({"b64": base64.b64encode(value).decode("ascii")}, indent=4)
        return json.dumps(value.decode("utf-8", "replace"), ensure_ascii=False)
    if dtype == "bool":
        return "true" if value else "false"
    if dtype in WHOLE:
        return str(value)
    raise Refused(f"Failed to write JSON value for tensor type: {dtype}")


def on_one_line(item: Any) -> str:
    return item if isinstance(item, str) else f"[{', '.join(map(on_one_line, item))}]"


def on_many_lines(item: Any, indent: int) -> str:
    if isinstance(item, str):
        return item
    if not item:
        return "[]"
    inner = ",\n".join(" " * (indent + 4) + on_many_lines(one, indent + 4) for one in item)
    return f"[\n{inner}\n{' ' * indent}]"


def predictions(outputs: Mapping[str, Tensor]) -> str:
    """The answer to `instances`.

    Raises:
        Refused: the outputs are not batches of one size.
    """
    sizes: set[int] = set()
    for name, tensor in outputs.items():
        if not tensor.shape:
            raise Refused(f"Tensor name: {name} has no shape information ")
        if sizes and tensor.shape[0] not in sizes:
            batch = f"batch size: {tensor.shape[0]} expecting: {next(iter(sizes))}"
            raise Refused(f"Tensor name: {name} has inconsistent {batch}")
        sizes.add(tensor.shape[0])
    batches = {name: written(tensor, name, 1) for name, tensor in sorted(outputs.items())}
    if len(batches) == 1:
        [items] = batches.values()
        return f'{{\n    "predictions": {_row_list([on_one_line(item) for item in items])}\n}}'
    objects = []
    for row in zip(*batches.values(), strict=True):
        fields = (f'{" " * 12}"{name}": {on_one_line(item)}' for name, item in zip(batches, row, strict=True))
        objects.append("\n        {\n" + ",\n".join(fields) + "\n        }")
    inner = f"{','.join(objects)}\n    " if objects else ""
    return f'{{\n    "predictions": [{inner}]\n}}'


def _row_list(items: Sequence[str]) -> str:
    return f"[{', '.join(items)}\n    ]" if items else "[]"


def outputs_text(outputs: Mapping[str, Tensor]) -> str:
    """The answer to `inputs`."""
    if len(outputs) == 1:
        [(name, tensor)] = outputs.items()
        return f'{{\n    "outputs": {_column(tensor, name, 4)}\n}}'
    fields = (f'        "{name}": {_column(tensor, name, 8)}' for name, tensor in sorted(outputs.items()))
    return '{\n    "outputs": {\n' + ",\n".join(fields) + "\n    }\n}"


def _column(tensor: Tensor, name: str, indent: int) -> str:
    items = written(tensor, name)
    return on_many_lines(items if tensor.shape else items[0], indent)


def classifications(classes: Tensor | None, scores: Tensor | None) -> str:
    """The answer of `:classify`: pairs of a label and a score, for each example."""
    size = (classes or scores or Tensor("float", [0], [])).shape[0]
    labels = written(classes, "classes", 1) if classes else None
    numbers = written(scores, "scores", 1) if scores else None
    items = []
    for index in range(size):
        count = len((labels or numbers or [[]])[index])
        pairs = (
            f"[{labels[index][place] if labels else json.dumps('')}, {numbers[index][place] if numbers else '0.0'}]"
            for place in range(count)
        )
        items.append(f"[{', '.join(pairs)}]")
    return f'{{\n    "results": {_row_list(items)}\n}}'


def regressions(values: Tensor) -> str:
    """The answer of `:regress`: a number for each example."""
    return f'{{\n    "results": [{", ".join(_text(value, values.dtype, "") for value in values.values)}]\n}}'
