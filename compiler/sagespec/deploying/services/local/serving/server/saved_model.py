"""SavedModels, run as TensorFlow Serving runs them: a session, and the tensors that the signatures name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from .programs import log_line
from .rest import Example, Servable, Signature
from .tensors import Info, Refused, Tensor

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow loads: its C++ notes are not about the model


class SavedModel:
    """A version of a model."""

    def __init__(self, path: str) -> None:
        import tensorflow as tf

        self.tf = tf
        tf.get_logger().setLevel("ERROR")  # the loader is called old; there is no other for both kinds of SavedModels
        self.callables: dict[tuple[str, ...], Callable[..., Sequence[Any]]] = {}
        self.graph = tf.Graph()
        self.session = tf.compat.v1.Session(graph=self.graph)
        with self.graph.as_default():
            self.meta = tf.compat.v1.saved_model.load(self.session, [tf.saved_model.SERVING], path)

    @cached_property
    def signatures(self) -> Mapping[str, Signature]:
        return {
            name: Signature(self._infos(definition.inputs), self._infos(definition.outputs), definition.method_name)
            for name, definition in sorted(self.meta.signature_def.items())
            if not name.startswith("__saved_model")
        }

    def _infos(self, tensors: Mapping[str, Any]) -> dict[str, Info]:
        return {name: self._info(tensors[name]) for name in sorted(tensors)}

    def _info(self, tensor: Any) -> Info:
        shape = None if tensor.tensor_shape.unknown_rank else [dim.size for dim in tensor.tensor_shape.dim]
        dtype = self.tf.as_dtype(tensor.dtype).name
        return Info(tensor.name, {"float32": "float", "float64": "double", "float16": "half"}.get(dtype, dtype), shape)

    def run(self, signature: Signature, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Raises:
        Refused: TensorFlow does not take the inputs; with its words.
        """
        names = tuple(sorted(inputs))
        arrays = [self._array(inputs[name]) for name in names]
        try:
            found = self._callable(signature, names)(*arrays)
        except self.tf.errors.OpError as error:
            raise Refused(error.message, _word(error)) from None
        except (TypeError, ValueError) as error:
            raise Refused(str(error)) from None
        made = zip(signature.outputs.items(), found, strict=True)
        return {name: _tensor(info.dtype, array) for (name, info), array in made}

    def _callable(self, signature: Signature, names: Sequence[str]) -> Callable[..., Sequence[Any]]:
        """`Session.run` would compare shapes with what the graph says of them, which TensorFlow Serving does not."""
        feeds = [signature.inputs[name].tensor for name in names]
        fetches = [info.tensor for info in signature.outputs.values()]
        key = (*feeds, "→", *fetches)
        if key not in self.callables:
            from tensorflow.core.protobuf.config_pb2 import CallableOptions

            options = CallableOptions(feed=feeds, fetch=fetches)
            self.callables[key] = self.session._make_callable_from_options(options)
        return self.callables[key]

    def _array(self, tensor: Tensor) -> Any:
        import numpy as np

        names = {"float": "float32", "double": "float64", "half": "float16", "string": "object"}
        return np.array(tensor.values, dtype=names.get(tensor.dtype, tensor.dtype)).reshape(tensor.shape)

    def examples(self, examples: Sequence[Example], context: Example) -> Tensor:
        return Tensor("string", [len(examples)], [self._example({**context, **example}) for example in examples])

    def _example(self, features: Example) -> bytes:
        train = self.tf.train
        made = {}
        for name, values in features.items():
            if values and isinstance(values[0], bytes):
                made[name] = train.Feature(bytes_list=train.BytesList(value=values))
            elif values and isinstance(values[0], float):
                made[name] = train.Feature(float_list=train.FloatList(value=values))
            else:
                made[name] = train.Feature(int64_list=train.Int64List(value=values))
        return bytes(train.Example(features=train.Features(feature=made)).SerializeToString())


def _word(error: Any) -> str:
    """`InvalidArgumentError` → `INVALID_ARGUMENT`."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name).lstrip("_")


def _tensor(dtype: str, array: Any) -> Tensor:
    import numpy as np

    array = np.asarray(array)
    values = array.reshape(-1).tolist()
    if dtype == "string":
        values = [value.encode() if isinstance(value, str) else value for value in values]
    return Tensor(dtype, list(array.shape), values)


def load_all(models: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, Servable]]:
    """Loads every version of every model, as the container configures TensorFlow Serving to do."""
    import tensorflow as tf

    log_line(f"TensorFlow {tf.__version__} serves in the place of tensorflow_model_server")
    loaded: dict[str, dict[int, Servable]] = {}
    for model in models:
        for folder in model["versions"]:
            loaded.setdefault(model["name"], {})[int(folder)] = SavedModel(os.path.join(model["path"], folder))  # noqa: PTH118
            log_line(f"loaded {model['name']}, version {int(folder)}")
    return loaded
