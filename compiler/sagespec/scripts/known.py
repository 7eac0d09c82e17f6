"""Packages that do not read a job's channels or write its model behind a script's back."""

from __future__ import annotations

import sys

_HARMLESS = """
    absl albumentations apex argcomplete attr autograd awkward awscli blosc boto boto3 botocore bs4 cachetools
    certifi chardet click cloudpickle cv2 cycler cython dask dateutil deepspeed dill docopt einops fire
    fsspec ftfy gensim google GPUtil gputil gym gymnasium h5py horovod httpx huggingface_hub hyperopt imageio
    imblearn imgaug jax jieba joblib jsonlines keras keras_applications keras_cv keras_hub keras_nlp
    keras_preprocessing keras_tuner kerastuner librosa lightgbm lmdb loguru lxml markdown matplotlib ml_dtypes
    mlflow more_itertools msgpack nltk numba numpy nvidia onnx optax optuna orjson packaging pandas pathspec patsy
    PIL pip pkg_resources plotly polars prettytable protobuf psutil pyarrow pycocotools pydantic pydot pydub pyspark
    pytest pytz rapidfuzz regex requests rich s3fs s3transfer sacrebleu sagemaker_tensorflow scipy seaborn
    sentencepiece setuptools shap simplejson six skimage sklearn smart_open smdebug smdistributed soundfile
    spacy sqlalchemy statsmodels tables tabulate tensorboard tensorboardX tensorflow tensorflow_addons
    tensorflow_datasets tensorflow_estimator tensorflow_hub tensorflow_io tensorflow_model_optimization
    tensorflow_probability tensorflow_recommenders tensorflow_text tensorflow_transform termcolor textblob tf_keras
    tf_slim timm tokenizers toml torch torchaudio torchvision tqdm transformers typeguard typer typing_extensions
    ujson umap unidecode uproot urllib3 wandb werkzeug wordcloud wrapt xarray xgboost yaml zarr zmq
"""
HARMLESS = frozenset(_HARMLESS.split())

_PYTHON2_MODULES = """
    __builtin__ anydbm BaseHTTPServer commands ConfigParser Cookie cookielib copy_reg cPickle cStringIO dummy_thread
    exceptions future_builtins HTMLParser httplib itertools md5 popen2 Queue sets sha SocketServer StringIO thread
    Tkinter tkMessageBox urllib2 urlparse UserDict whichdb xmlrpclib
"""
PYTHON2_MODULES = frozenset(_PYTHON2_MODULES.split())

_OTHER_COMMAND_LINES = """
    absl.app absl.flags cleo click configargparse docopt fire getopt gin hydra jsonargparse optparse plac sacred
    simple_parsing tap typer
"""
OTHER_COMMAND_LINES = frozenset(_OTHER_COMMAND_LINES.split())
"""Modules that take a program's arguments in a way that is not looked into."""

TOOLKITS = frozenset({"sagemaker", "sagemaker_containers", "sagemaker_training", "sagemaker_inference"})
"""They hand a script its channels and hyperparameters."""


def is_known(name: str) -> bool:
    """Whether a top-level module comes with Python or is a package that is harmless."""
    return name in sys.stdlib_module_names or name in HARMLESS or name in PYTHON2_MODULES
