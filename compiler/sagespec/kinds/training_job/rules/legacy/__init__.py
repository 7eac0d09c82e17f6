"""Legacy mode: TensorFlow 1.4 to 1.12 on Python 2, where the container calls the functions of a module."""
