"""What stands in for the serving container: programs that need nothing but Python and TensorFlow.

`python FOLDER/server model CONFIG` answers as TensorFlow Serving does, `python FOLDER/server front CONFIG` as the
container's nginx and Python service do, `python FOLDER/server beside COMMAND…` runs another program for as long as its
caller lives. The Python that runs them is the provisioned one, which does not have sagespec: nothing of it is imported.
"""
