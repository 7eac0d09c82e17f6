"""How a job can end, and why it failed, in the service's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sagespec.deploying.services.local.log import last_words
from sagespec.deploying.services.local.running.processes import ProcessEnding

LONGEST_REASON = 1024
"""Characters of a FailureReason.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""
LIMIT, STOP, SHUTDOWN, INTERRUPTED = "MaxRuntimeExceeded", "Stopped", "Shutdown", "Interrupted"
"""Why a run is ended from outside."""
KILLED = 137
"""Exit code of a shell whose program was killed: nearly always for want of memory."""


@dataclass(eq=False)
class End(Exception):
    """How a job ended."""

    status: str
    secondary: str
    message: str
    failure: str = ""


def failed(reason: str) -> End:
    return End("Failed", "Failed", "Training job failed", reason[:LONGEST_REASON])


ENDS: Mapping[str | None, End] = {
    None: End("Completed", "Completed", "Training job completed"),
    STOP: End("Stopped", "Stopped", "Training job stopped"),
    LIMIT: End("Stopped", LIMIT, "Training job runtime exceeded MaxRuntimeInSeconds provided"),
    SHUTDOWN: failed("InternalServerError: this machine went down, or the job's supervisor was ended"),
}
"""How a job ends, by why its run was ended; None where it came to its own end."""


def script_error(kind: str, ending: ProcessEnding, argv: Sequence[str], hint: str = "") -> str:
    """What the toolkit writes when a program fails, which the service repeats with the container's exit code, 1.

    Source: https://github.com/aws/sagemaker-training-toolkit (errors.py, trainer.py)
    """
    extra = '\nExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"' if ending.code == KILLED else ""
    head = f"AlgorithmError: {kind}:\nExitCode {ending.code}\nErrorMessage "
    command = " ".join(argv)
    end = f'{extra}\nCommand "{command[: LONGEST_REASON // 3]}", exit code: 1{hint}'
    return f'{head}"{last_words(ending.tail, LONGEST_REASON - len(head) - len(end) - 2)}"{end}'


def own_words(written: str, code: int, hint: str = "") -> str:
    """What the script itself wrote to output/failure, or said last, as the service repeats it."""
    end = f", exit code: {code}{hint}"
    return f"AlgorithmError: {written.strip()}"[: LONGEST_REASON - len(end)] + end
