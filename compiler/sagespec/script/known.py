"""Packages that do not read a job's channels or write its model behind a script's back."""

from __future__ import annotations

HARMLESS = frozenset(
    """
    PIL absl albumentations apex argcomplete attr autograd awscli awkward blosc boto boto3 botocore bs4 cachetools
    certifi chardet click cloudpickle cv2 cycler cython dask dateutil deepspeed dill distributed docopt einops fire
    fsspec ftfy gensim google gputil GPUtil gym gymnasium h5py horovod httpx huggingface_hub hyperopt imageio imblearn
    imgaug jax jieba joblib jsonlines keras keras_applications keras_cv keras_hub keras_nlp keras_preprocessing
    keras_tuner kerastuner librosa lightgbm lmdb loguru lxml markdown matplotlib ml_dtypes mlflow more_itertools
    msgpack nltk numba numpy nvidia onnx optax optuna orjson packaging pandas pathspec patsy pip pkg_resources plotly
    polars prettytable protobuf psutil pyarrow pycocotools pydantic pydot pydub pyspark pytest pytz rapidfuzz regex
    requests rich s3fs s3transfer sacrebleu sagemaker_tensorflow scipy seaborn sentencepiece setuptools shap simplejson
    six skimage sklearn slim smart_open smdebug smdistributed soundfile spacy sqlalchemy statsmodels tables tabulate
    tensorboard tensorboardX tensorflow tensorflow_addons tensorflow_datasets tensorflow_estimator tensorflow_hub
    tensorflow_io tensorflow_model_optimization tensorflow_probability tensorflow_recommenders tensorflow_text
    tensorflow_transform termcolor textblob tf_keras tf_slim timm tokenizers toml torch torchaudio torchvision tqdm
    transformers typeguard typer typing_extensions ujson umap unidecode uproot urllib3 wandb werkzeug wordcloud wrapt
    xarray xgboost yaml zarr zmq
    """.split()
)

PYTHON2_MODULES = frozenset(
    """
    BaseHTTPServer ConfigParser Cookie HTMLParser Queue SocketServer StringIO Tkinter UserDict __builtin__ anydbm
    cPickle cStringIO commands cookielib copy_reg dummy_thread exceptions future_builtins httplib itertools md5 popen2
    sets sha thread tkMessageBox urllib2 urlparse whichdb xmlrpclib
    """.split()
)

OTHER_COMMAND_LINES = frozenset(
    """
    absl.app absl.flags cleo click configargparse docopt fire gin getopt hydra jsonargparse optparse plac
    sacred simple_parsing tap typer
    """.split()
)
"""Modules that take a program's arguments in a way that is not looked into."""

TOOLKITS = frozenset({"sagemaker", "sagemaker_containers", "sagemaker_training", "sagemaker_inference"})
"""They hand a script its channels and hyperparameters."""
