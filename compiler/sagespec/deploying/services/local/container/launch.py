"""How the container starts the entry point: the command line of the toolkit that the image holds.

Toolkits from 3.9.3 to 5.1.2 join the words with blanks and give them to a shell, with nothing quoted: it splits,
expands and drops what the values hold. Older ones hand the words over as they are.
Source: https://github.com/aws/sagemaker-training-toolkit/blob/v5.1.1/src/sagemaker_training (process.py)
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sagespec.catalog.frameworks import of_image, of_name
from sagespec.deploying.services.local.container.contract import TENSORFLOW_MODULE, ScriptInvocation
from sagespec.deploying.services.local.folder import HostFolder

EntryPoint = Literal["package", "script", "program"]
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class LaunchedImage:
    """What an image does with a script, by its address."""

    training_module: str
    """SAGEMAKER_TRAINING_MODULE."""
    shell: str
    """`dash` or `bash`; empty where no shell reads the command line."""
    program_arguments: bool
    """Whether a program that is not in Python gets its arguments."""

    @property
    def is_tensorflow(self) -> bool:
        return self.training_module == TENSORFLOW_MODULE

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What of an environment reaches the script: dash passes on only names that a variable can have."""
        if self.shell != "dash":
            return dict(environ)
        return {name: value for name, value in environ.items() if _IDENTIFIER.fullmatch(name)}

    def argv(self, words: Sequence[str]) -> list[str]:
        """What is executed."""
        return [*_shell(self.shell), " ".join(words)] if self.shell else list(words)

    def code(self, code: int) -> int:
        """An exit code as the container's shell would give it: dash waits for its program, bash becomes it."""
        return 128 - code if self.shell == "dash" and code < 0 else code


def is_legacy(image: str) -> bool:
    """Whether the container calls the script's functions instead of running it."""
    return image.rpartition("/")[2].startswith("sagemaker-tensorflow:")


def _shell(name: str) -> list[str]:
    """That shell, called as sh; where it is not installed, what this machine calls so."""
    found = shutil.which(name)
    return [found or "/bin/sh", *(["--posix"] if found and name == "bash" else []), "-c"]


@lru_cache(maxsize=8)
def image_of(uri: str) -> LaunchedImage:
    """What AWS's image of that address does; for any other image, what the newest of TensorFlow does."""
    known = of_image(uri)
    framework = known[0] if known else of_name("tensorflow")
    version = known[1] if known else list(framework.releases)[-1]
    under = framework.base_of(version)
    runs = framework if under is None else under
    release = runs.without_image(version if under is None else version.partition("+")[2].removeprefix(under.name))
    return LaunchedImage(
        framework.training_module or runs.training_module or TENSORFLOW_MODULE,
        release.shell,
        release.program_arguments,
    )


def entry_point_of(folder: HostFolder, name: str) -> EntryPoint:
    """What an entry point is, by its name and what lies beside it."""
    if name.endswith(".sh"):
        return "program"
    if (folder.code / "setup.py").exists():
        return "package"
    return "script" if name.endswith(".py") else "program"


def command_words(folder: HostFolder, invocation: ScriptInvocation, python: str, image: LaunchedImage) -> list[str]:
    """The words of the command that runs the entry point, from the code folder, as the toolkit lists them.

    A name that ends in `.sh` is run by the shell; beside a `setup.py` the entry point is a module; a Python file is
    run by Python; all else is a program.
    """
    match entry_point_of(folder, invocation.entry_point):
        case "package":
            return [python, "-m", invocation.entry_point.replace(".py", ""), *invocation.arguments]
        case "script":
            return [python, invocation.entry_point, *invocation.arguments]
    line = f"./{invocation.entry_point} {' '.join(map(shlex.quote, invocation.arguments))}"
    return ["/bin/sh", "-c", f'"{line}"' if image.shell and image.program_arguments else line]


def torchrun(words: Sequence[str], hosts: Sequence[str], host: str, port: int, processes: int) -> list[str]:
    """The same script, started by torchrun as the toolkit does; all hosts are this machine.

    Source: https://github.com/aws/sagemaker-training-toolkit (torch_distributed.py)
    """
    python, *script = words
    command = [python, "-m", "torch.distributed.run", "--nnodes", str(len(hosts)), "--nproc_per_node", str(processes)]
    if len(hosts) > 1:
        place = ["--master_addr", "127.0.0.1", "--master_port", str(port), "--node_rank", str(hosts.index(host))]
        command += place
    elif port:
        command += ["--master_port", str(port)]
    return [*command, *script]
