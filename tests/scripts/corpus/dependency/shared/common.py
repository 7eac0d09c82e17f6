import os


def channel(name):
    return os.environ["SM_CHANNEL_" + name.upper()]


def save(model):
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))
