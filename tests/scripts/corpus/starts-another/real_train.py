import os

print(os.environ["SM_CHANNEL_TRAIN"], os.environ["SM_CHANNEL_CONFIG"], os.environ["SM_MODEL_DIR"])
