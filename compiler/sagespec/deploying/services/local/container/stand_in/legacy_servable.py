"""A SavedModel asked as the Python-based server asks TensorFlow Serving: messages of its gRPC API in, messages out.

A module for Python 2.7 and newer, TensorFlow 1.4 and newer, and the messages of `tensorflow-serving-api`.
Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0/src/tf_container (proxy_client.py);
https://github.com/tensorflow/serving (servables/tensorflow: predict_impl.cc, classifier.cc)
"""

from __future__ import print_function

import numpy
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import classification_pb2, inference_pb2, predict_pb2, regression_pb2

MODEL = "generic_model"
SIGNATURE = "serving_default"
INPUTS = "inputs"
PREDICT, CLASSIFY = "tensorflow/serving/predict", "tensorflow/serving/classify"
REGRESS, INFER = "tensorflow/serving/regress", "tensorflow/serving/inference"
MESSAGES = {
    PREDICT: predict_pb2.PredictRequest,
    CLASSIFY: classification_pb2.ClassificationRequest,
    REGRESS: regression_pb2.RegressionRequest,
    INFER: inference_pb2.MultiInferenceRequest,
}
VALUES = {
    "float32": "float_val",
    "float64": "double_val",
    "float16": "half_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "string": "string_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
}
"""Type -> where a message has its values; `int_val` for the other whole numbers."""
TEXT = type(b"".decode("ascii"))


class Servable(object):
    """A version of a model, which lies in a folder."""

    def __init__(self, tf, folder, version):
        self.tf, self.version = tf, version
        self.session = tf.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            self.signatures = tf.saved_model.loader.load(self.session, ["serve"], folder).signature_def
        asked = self.signatures[SIGNATURE]
        self.method = asked.method_name
        """What the default signature does decides how every request is understood."""
        self.types = [asked.inputs[name].dtype for name in asked.inputs]

    def parsed(self, data):
        """The message that some bytes are."""
        message = MESSAGES[self.method]()
        message.ParseFromString(data)
        return message

    def ask(self, data):
        """The model's answer to what `input_fn` has returned: a message as it is, else values."""
        if self.method == PREDICT:
            return self.predict(data if isinstance(data, MESSAGES[PREDICT]) else self._predict_request(data))
        if self.method == CLASSIFY:
            return self.classify(data if isinstance(data, MESSAGES[CLASSIFY]) else self._classification_request(data))
        raise NotImplementedError("the Python-based server asks no model with a signature of '%s'" % self.method)

    # Values -> messages

    def _named(self, message):
        message.model_spec.name, message.model_spec.signature_name = MODEL, SIGNATURE
        return message

    def _predict_request(self, data):
        request = self._named(MESSAGES[PREDICT]())
        for name, value in (data if isinstance(data, dict) else {INPUTS: data}).items():
            request.inputs[name].CopyFrom(self._tensor(value))
        return request

    def _tensor(self, value):
        """Of the type of the signature's first input, whichever input it is for."""
        if isinstance(value, tensor_pb2.TensorProto):
            return value
        values = numpy.asarray(value)
        return self.tf.make_tensor_proto(values=values, dtype=self.types[0], shape=values.shape)

    def _classification_request(self, data):
        request = self._named(MESSAGES[CLASSIFY]())
        if isinstance(data, dict):
            examples = [data]
        elif isinstance(data, (bytes, TEXT)) or not hasattr(data, "__iter__"):
            examples = [{INPUTS: [data]}]
        else:
            examples = data if all(isinstance(each, dict) for each in data) else [{INPUTS: data}]
        request.input.example_list.examples.extend([self._example(each) for each in examples])
        return request

    def _example(self, values):
        train = self.tf.train
        return train.Example(features=train.Features(feature={name: self._feature(values[name]) for name in values}))

    def _feature(self, value):
        train, values = self.tf.train, value if isinstance(value, list) else [value]
        kind = type(values[0])
        if kind is int:
            return train.Feature(int64_list=train.Int64List(value=values))
        if kind is float:
            return train.Feature(float_list=train.FloatList(value=values))
        if kind in (bytes, TEXT):
            raw = [each.encode("utf-8") if isinstance(each, TEXT) else each for each in values]
            return train.Feature(bytes_list=train.BytesList(value=raw))
        raise ValueError("a feature holds whole numbers, numbers or text, not %s: %r" % (kind.__name__, value))

    # The model server's side

    def predict(self, request):
        """A PredictRequest's answer."""
        signature, name = self._asked(request.model_spec)
        if set(request.inputs) != set(signature.inputs):
            given, wanted = ", ".join(sorted(request.inputs)), ", ".join(sorted(signature.inputs))
            raise ValueError("the request has the inputs %s, and the signature %s" % (given, wanted))
        feeds = {signature.inputs[each].name: self.tf.make_ndarray(request.inputs[each]) for each in request.inputs}
        wanted = sorted(request.output_filter or signature.outputs)
        found = self._run([signature.outputs[each].name for each in wanted], feeds)
        answer = predict_pb2.PredictResponse()
        self._sign(answer, name)
        for each, array in zip(wanted, found):
            answer.outputs[each].CopyFrom(self._message(array, signature.outputs[each].dtype))
        return answer

    def classify(self, request):
        """A ClassificationRequest's answer."""
        signature, name = self._asked(request.model_spec)
        if signature.method_name != CLASSIFY:
            raise ValueError("the signature '%s' is for %s" % (name, signature.method_name))
        examples = _serialized(request.input)
        wanted = [each for each in ("classes", "scores") if each in signature.outputs]
        feeds = {signature.inputs[INPUTS].name: examples}
        found = dict(zip(wanted, self._run([signature.outputs[each].name for each in wanted], feeds)))
        answer = classification_pb2.ClassificationResponse()
        self._sign(answer, name)
        for number in range(len(examples)):
            classified = answer.result.classifications.add()
            for place in range(len(next(iter(found.values()))[number])):
                one = classified.classes.add()
                if "classes" in found:
                    one.label = _bytes(found["classes"][number][place]).decode("utf-8")
                if "scores" in found:
                    one.score = found["scores"][number][place]
        return answer

    def _asked(self, spec):
        if spec.name != MODEL or (spec.HasField("version") and spec.version.value != self.version):
            raise LookupError("there is one model, '%s' with version %d: not %s" % (MODEL, self.version, spec))
        name = spec.signature_name or SIGNATURE
        if name not in self.signatures:
            raise LookupError("the model has no signature '%s'" % name)
        return self.signatures[name], name

    def _run(self, fetches, feeds):
        return self.session.run(fetches, feed_dict=feeds)

    def _sign(self, answer, name):
        if "model_spec" not in answer.DESCRIPTOR.fields_by_name:  # before 1.5 an answer does not say whose it is
            return
        answer.model_spec.name, answer.model_spec.signature_name = MODEL, name
        answer.model_spec.version.value = self.version

    def _message(self, array, dtype):
        """As TensorFlow Serving writes a tensor: each value by itself, as scripts read them (`float_val`)."""
        array, kind = numpy.asarray(array), self.tf.as_dtype(dtype)
        message = tensor_pb2.TensorProto(dtype=dtype, tensor_shape=self.tf.TensorShape(array.shape).as_proto())
        flat = array.reshape(-1)
        if kind.name == "string":
            flat = [_bytes(each) for each in flat]
        elif kind.name == "float16":
            flat = flat.view(numpy.uint16).tolist()
        else:
            flat = flat.tolist()
        getattr(message, VALUES.get(kind.name, "int_val")).extend(flat)
        return message


def _serialized(given):
    """The examples of a request; what they have in common comes first, so that their own values count."""
    kind = given.WhichOneof("kind")
    shared = given.example_list_with_context.context.SerializeToString() if kind == "example_list_with_context" else b""
    examples = [shared + each.SerializeToString() for each in getattr(given, kind).examples] if kind else []
    if not examples:
        raise ValueError("the request has no examples")
    return examples


def _bytes(value):
    return value.encode("utf-8") if isinstance(value, TEXT) else bytes(value)
