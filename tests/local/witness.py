"""Asks AWS's own toolkit what a script is told: one request a line, one answer a line.

The toolkit fixes its folder when it is imported, so each request is answered by a fork that imports it anew; what is
slow to import and does not care about the folder is imported before.
"""

import json
import logging
import os
import sys

import boto3.session
import paramiko  # noqa: F401
import psutil  # noqa: F401

logging.disable()


def answer(asked):
    os.environ.update(asked["environ"])
    os.environ["SAGEMAKER_BASE_DIR"] = asked["folder"]
    from sagemaker_training import environment, process

    told = environment.Environment()
    arguments = told.to_cmd_args()
    runner = process.ProcessRunner(told.user_entry_point, arguments, {}, 1)
    own = {name: os.environ[name] for name in ("CURRENT_HOST", "SAGEMAKER_JOB_NAME", "SAGEMAKER_REGION")}
    return {"environ": {**told.to_env_vars(), **own}, "arguments": arguments, "command": runner._create_command()}


boto3.session.Session()
for line in sys.stdin:
    if not os.fork():
        print(json.dumps(answer(json.loads(line))), flush=True)
        os._exit(0)
    os.wait()
