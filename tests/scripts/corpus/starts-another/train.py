import os
import subprocess
import sys

if __name__ == "__main__":
    sys.exit(subprocess.call(["python", "real_train.py", *sys.argv[1:]], env={**os.environ, "PYTHONUNBUFFERED": "1"}))
