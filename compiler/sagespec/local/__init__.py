"""The service on this machine: each training job is a folder laid out like a container's /opt/ml, and a supervisor.

`sagespec.local.service.LocalService` is the door. The supervisor's modules import nothing heavier than the standard
library, so that a job starts at once.
"""
