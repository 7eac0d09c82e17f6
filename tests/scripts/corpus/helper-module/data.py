import os

import keras


def load():
    return folder("TRAIN"), folder("VALIDATION")


def folder(name):
    return keras.utils.text_dataset_from_directory(os.environ["SM_CHANNEL_" + name])
