import os

os.environ['TF_DISABLE_MKL'] = '1'

from network import model_fn, serving_input_fn
from reading import *
