"""What the container's shell makes of a value: the witnesses are the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sagespec.kinds.training_job.shell import ShellWords, shell_words

VALUES = [
    *("plain", "1e-05", "s3://bucket/key", "a=1,b=2", "64,32", "é", "a-b_c.d/e:f@g%h+i!j", "it#7", "50%", "a!b", "[1]"),
    *("first try", "[64, 32]", '{"units": 64}', "  padded  ", "a\tb", "", "''", '""', "'first try'", '"first try"'),
    *("it\\'s", "a\\ b", "\\d+", '"a\\"b"', '"a\\d"', "'a'b\"c\"", "$", "5$", "$ 5", "a$", "=", "{", "{a}", "a}"),
    *("a;b", "a&b", "u?a=1&b=2", "a|b", "a\nb", "`id`", "$(id)", '"$(id)"', "<a", "a>b", "f(x)", ")", "#7", "a #b"),
    *("it's", 'say "hi', "a\\", '"`id`"'),
    *("$loss", "${loss}", '"$loss"', "$1", "*.tfrecord", "a?", "~", "~/x", "~x/y", "{a,b}", "{1..3}", '"{a,b}"'),
]


@pytest.mark.parametrize("name", ["dash", "bash"])
def test_a_shell_makes_of_a_value_what_we_say(name: str, tmp_path: Path) -> None:
    sh = tmp_path / "sh"
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    sh.symlink_to(found)  # bash behaves otherwise where it is called sh, as containers call it
    folder = tmp_path / "code"
    folder.mkdir()
    wrong = {}
    for value in VALUES:
        (folder / "train.sh").write_text("""for one in "$@"; do printf '%s\\0' "$one"; done\n""")
        run = subprocess.run(
            [str(sh), "-c", f"{sh} train.sh --before --value {value} --after 1"],
            cwd=folder,
            env={"HOME": "/home/me", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        words = tuple(run.stdout.decode(errors="surrogateescape").split("\0")[:-1])
        untouched = words[:2] == ("--before", "--value") and words[-2:] == ("--after", "1") and run.returncode == 0
        arrived, said = words[2:-2], shell_words(value, name)
        if said.harm:
            right = not untouched or run.stderr != b"" or b"uid=" in run.stdout or arrived == ("",)
        elif said.variables or said.expands:
            right = untouched and (arrived != (value,) or said.expands)
        else:
            right = untouched and arrived == said.words
        if not right:
            wrong[value] = (said, words, run.stderr)
    assert wrong == {}


def test_without_a_shell_every_value_arrives_as_it_is() -> None:
    assert [shell_words(value, "") for value in VALUES] == [ShellWords((value,)) for value in VALUES]
