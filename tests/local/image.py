"""A container image made of this machine: this Python, AWS's own `train`, and, where it is asked for, MPI and ssh."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

TRAIN = "#!/python/bin/python\nfrom sagemaker_training.cli.train import main\nmain()\n"
TOOLKIT = (
    "import sys, sagemaker_training.cli.train, sagemaker_training.trainer, sagemaker_training.mpi; print(*sys.modules)"
)
LEFT_OUT = re.compile(r"/(test|tests|idle_test|__pycache__|config-[^/]*|site-packages|ensurepip|tkinter)$")
MPI = ("/usr/bin/mpirun", "/usr/bin/orted", "/usr/bin/ssh", "/usr/bin/touch", "/usr/sbin/sshd")
"""The programs by which the toolkit starts and joins the hosts."""
LIBRARIES = Path("/usr/lib", sysconfig.get_config_var("MULTIARCH") or "")
MPI_FOLDERS = (LIBRARIES / "openmpi", LIBRARIES / "pmix2", Path("/usr/share/openmpi"), Path("/etc/openmpi"))
MPI4PY = "import runpy, sys\ndel sys.argv[0]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
SETTINGS = {
    "/etc/passwd": "root:*:0:0::/root:/bin/sh\nsshd:*:100:65534::/run/sshd:/bin/sh\n",
    "/etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
    "/etc/ssh/sshd_config": "HostKey /etc/ssh/key\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n",
    "/root/.ssh/config": "Host *\n  StrictHostKeyChecking no\n  LogLevel ERROR\n",
    "/run/sshd/.keep": "",
    "/tmp/.keep": "",
}


def without_mpi() -> str | None:
    """What this machine lacks for an image with MPI."""
    return next((f"there is no {program} here" for program in MPI if not Path(program).exists()), None)


def _needed(paths: Iterable[Path | str]) -> set[str]:
    """The shared libraries that these files need, and the program that loads them."""
    shown = subprocess.run(["ldd", *map(str, paths)], capture_output=True, text=True).stdout
    return set(re.findall(r"(/\S+) \(0x", shown))


def _packages(toolkit: Path | None) -> set[Path]:
    """The entries of site-packages that `train` imports; those of another toolkit come before this environment's."""
    site = next(Path(place) for place in sys.path if place.endswith("site-packages"))
    own = {"PYTHONPATH": str(toolkit)} if toolkit else {}
    ask = [sys.executable, "-c", TOOLKIT]
    names = subprocess.run(ask, env={**os.environ, **own}, capture_output=True, text=True, check=True).stdout.split()
    found = {entry for name in {name.partition(".")[0] for name in names} for entry in site.glob(f"{name}*")}
    if toolkit is None:
        return found
    other = {entry for entry in toolkit.glob("[!.]*") if entry.name != "bin"}
    replaced = tuple(entry.name.partition(".")[0].partition("-")[0] for entry in other)
    return {entry for entry in found if not entry.name.startswith(replaced)} | other


def root_file_system(
    path: Path, *, toolkit: Path | None = None, mpi: bool = False, texts: Mapping[str, str] | None = None
) -> None:
    """A tar of all that `train` needs.

    Args:
        toolkit: a folder that holds another version of it.
        texts: more files; below /usr/bin they are programs.
    """
    base, version = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    library, packages = base / "lib" / version, _packages(toolkit)
    programs = {"/bin/sh": Path("/bin/sh"), f"/python/bin/{version}": base / "bin" / version}
    programs |= {name: Path(name) for name in MPI} if mpi else {}
    folders = MPI_FOLDERS if mpi else ()
    compiled = [*library.rglob("*.so"), *(so for package in packages for so in package.rglob("*.so*"))]
    compiled += [so for folder in folders for so in folder.rglob("*.so*") if so.is_file()]
    texts = {**(texts or {}), "/usr/bin/train": TRAIN, "/usr/bin/which": '#!/bin/sh\ncommand -v "$1"\n'}
    if mpi:
        texts |= SETTINGS | _keys(path.parent)
        site = f"/python/lib/{version}/site-packages"
        texts |= {f"{site}/mpi4py/__main__.py": MPI4PY, f"{site}/tensorflow.py": ""}
    with tarfile.open(path, "w") as tar:

        def add(source: Path, name: str) -> None:
            tar.add(source, name, filter=lambda entry: None if LEFT_OUT.search(f"/{entry.name}") else entry)

        for name, source in programs.items():
            add(source.resolve(), name)
        add(library, f"/python/lib/{version}")
        for package in packages:
            tar.add(package, f"/python/lib/{version}/site-packages/{package.name}")
        for folder in folders:
            tar.add(folder, str(folder))
        for needed in _needed([*programs.values(), *compiled]):
            if "site-packages" not in needed:
                tar.add(Path(needed).resolve(), needed)
        link = tarfile.TarInfo("/python/bin/python")
        link.type, link.linkname = tarfile.SYMTYPE, version
        tar.addfile(link)
        for name, text in texts.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o755 if name.startswith("/usr/bin/") else 0o600
            entry.mode = 0o644 if name.startswith(("/etc/passwd", "/etc/group", "/etc/nss")) else entry.mode
            tar.addfile(entry, io.BytesIO(text.encode()))


def _keys(folder: Path) -> dict[str, str]:
    """Keys by which all containers of the image trust each other."""
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", key], check=True)
    private, public = key.read_text(), key.with_suffix(".pub").read_text()
    return {"/etc/ssh/key": private, "/root/.ssh/id_rsa": private, "/root/.ssh/authorized_keys": public}


def imported(path: Path, name: str, **environ: str) -> str:
    """Makes the tar an image of docker, with these variables."""
    own = {"PATH": "/usr/bin:/bin:/python/bin:/usr/sbin", **environ}
    changes = [word for key, value in own.items() for word in ("--change", f"ENV {key}={value}")]
    image = f"{name}-{os.getpid()}"
    subprocess.run(["docker", "import", *changes, path, image], check=True, capture_output=True)
    return image
