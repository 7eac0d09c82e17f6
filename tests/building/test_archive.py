"""The source archive: the same bytes everywhere, the SDK's layout, and a reason for whatever stays out."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagespec.base.files import Files
from sagespec.building import archive
from sagespec.building.archive import ArchiveError, Archives, Contents, Ignored, collect
from sagespec.building.archive import contents as bytes_of

LISTINGS = json.loads((Path(__file__).parent / "archive_listings.json").read_text(encoding="utf-8"))["layouts"]

FIXED_TREE = {
    "train.py": {"text": "#!/usr/bin/env python\nprint('hello')\n", "executable": True},
    "pkg/__init__.py": "",
    "pkg/größe.py": "x = 'ü'\n",
    "empty": None,
    "long/" + "d" * 60 + "/" + "n" * 60 + ".txt": "0123456789" * 7000,
    "h" * 100: "as long as a header holds",
    "/".join(["m" * 127] * 4): None,  # with its slash, a whole number of tar blocks
    "alias.py": {"link": "train.py"},
}
FIXED_SHA256 = "67cf01a15a7e868563f32e4fee409bf18fc56d7746d540ce65192c9349a28c64"

as_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is the witness")
with_gnu_tar = pytest.mark.skipif(
    b"GNU tar" not in subprocess.run(["tar", "--version"], capture_output=True, check=False).stdout,
    reason="GNU tar is the witness",
)


def plant(folder: Path, tree: dict[str, Any]) -> Path:
    """Create, in order, files (text, bytes, or {"text", "executable"}), links ({"link"}) and folders (None)."""
    for name, what in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match what:
            case None:
                path.mkdir(exist_ok=True)
            case {"link": target}:
                path.symlink_to(target)
            case {"text": text}:
                path.write_text(text, encoding="utf-8")
                path.chmod(0o755)
            case bytes():
                path.write_bytes(what)
            case _:
                path.write_text(what, encoding="utf-8")
    return folder


def packed(contents: Contents) -> bytes:
    out = io.BytesIO()
    contents.pack(out)
    return out.getvalue()


def names(contents: Contents) -> list[str]:
    return [member.name + "/" * member.is_folder for member in contents.members]


def ignored(contents: Contents) -> dict[str, str]:
    return {each.name: each.rule for each in contents.ignored}


def refusal(*args: Any, **kwargs: Any) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        collect(*args, **kwargs)
    assert caught.value.hint
    return caught.value


# The layout -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LISTINGS, ids=[layout["about"] for layout in LISTINGS])
def test_the_archive_holds_what_the_sdk_packs(layout: dict[str, Any], tmp_path: Path) -> None:
    plant(tmp_path, layout["tree"])
    contents = collect(**layout["manifest"], folder=tmp_path)
    with tarfile.open(fileobj=io.BytesIO(packed(contents))) as opened:
        got = [[m.name, "folder" if m.isdir() else "file", m.size, m.isfile() and m.mode == 0o755] for m in opened]
    left_out = layout.get("left_out", ())
    assert got == [row for row in layout["sdk"] if row[0] not in left_out]
    covered = [each.name.rstrip("/") for each in contents.ignored]
    assert all(any(name == each or name.startswith(each + "/") for each in covered) for name in left_out)


def test_a_slash_after_a_dependency_changes_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", "libs/common/util.py": "u"})
    plain = collect("train.py", dependencies=["libs/common"], folder=tmp_path)
    slash = collect("train.py", dependencies=["libs/common/"], folder=tmp_path)
    assert names(slash) == names(plain) == ["common/", "common/util.py", "train.py"]
    assert slash.sha256 == plain.sha256


def test_a_dependency_named_twice_is_packed_once(tmp_path: Path) -> None:
    plant(tmp_path, {"code/train.py": "", "code/common/a.py": ""})
    contents = collect("train.py", "code", ["code/common", "code/common/"], folder=tmp_path)
    assert names(contents) == ["common/", "common/a.py", "train.py"]


def test_every_member_has_the_same_owner_time_and_one_of_two_modes(tmp_path: Path) -> None:
    plant(tmp_path, FIXED_TREE)
    (tmp_path / "train.py").chmod(0o700)
    (tmp_path / "pkg/__init__.py").chmod(0o666)
    (tmp_path / "empty").chmod(0o700)
    with tarfile.open(fileobj=io.BytesIO(packed(collect("train.py", tmp_path)))) as opened:
        members = opened.getmembers()
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", archive.MODIFIED)}
    assert {m.name: m.mode for m in members if m.name in ("train.py", "pkg/__init__.py", "empty")} == {
        "train.py": 0o755,
        "pkg/__init__.py": 0o644,
        "empty": 0o755,
    }


def test_members_are_sorted_by_the_bytes_of_their_names(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", "Z": "", "a/x": "", "a-b": "", "a.b": "", "é": "", "🚀": "", "ﬀ": ""})
    got = [member.name for member in collect("train.py", tmp_path).members]
    assert got == sorted(got, key=str.encode)
    assert got.index("a") < got.index("a/x")


# The same bytes -------------------------------------------------------------------------------------------------------


def test_a_fixed_tree_has_a_fixed_hash(tmp_path: Path) -> None:
    """A change here gives every user's job a new digest: jobs that were done would run again."""
    contents = collect("train.py", plant(tmp_path, FIXED_TREE))
    assert contents.sha256 == FIXED_SHA256
    assert hashlib.sha256(packed(contents)).hexdigest() == FIXED_SHA256


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ({"umask": 0o077}, {}),
        ({"umask": 0}, {}),
        ({}, {"TZ": "Pacific/Auckland"}),
        ({}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
        ({}, {"LC_ALL": "POSIX"}),
        ({}, {"PYTHONHASHSEED": "1"}),
        ({}, {"USER": "someone", "LOGNAME": "someone", "HOME": "/nowhere", "SOURCE_DATE_EPOCH": "1"}),
    ],
    ids=str,
)
def test_the_bytes_do_not_depend_on_who_packs(
    options: dict[str, int], environment: dict[str, str], tmp_path: Path
) -> None:
    old = os.umask(options.get("umask", 0o022))
    try:
        tree = plant(tmp_path / "some where" / "else", FIXED_TREE)
    finally:
        os.umask(old)
    program = f"from sagespec.building.archive import collect; print(collect('train.py', {os.fspath(tree)!r}).sha256)"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True
    )
    assert (run.stdout.strip(), run.stderr) == (FIXED_SHA256, "")


def test_the_bytes_do_not_depend_on_times_or_on_where_links_point_from(tmp_path: Path) -> None:
    tree = plant(tmp_path, FIXED_TREE)
    for number, path in enumerate(sorted(tree.rglob("*"))):
        os.utime(path, (number, number * 1e8))
    (tree / "alias.py").unlink()
    (tree / "alias.py").symlink_to(tree / "train.py")
    assert collect("train.py", tree).sha256 == FIXED_SHA256


def test_a_relative_folder_gives_the_bytes_of_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"code/train.py": "x", "libs/common/a.py": "", "here/.keep": ""})
    monkeypatch.chdir(tmp_path / "here")
    relative = collect("train.py", "../code", ["../libs/common"])
    absolute = collect("train.py", tmp_path / "code", [tmp_path / "libs/common"])
    assert packed(relative) == packed(absolute)


def test_contents_names_and_the_right_to_execute_do_change_the_bytes(tmp_path: Path) -> None:
    first = {"train.py": "a", "b": "", "empty": None}
    variants: list[dict[str, Any]] = [
        first,
        first | {"train.py": "b"},
        first | {"train.py": {"text": "a", "executable": True}},
        first | {"c": ""},
        {"train.py": "a", "b": ""},
        {"train.py": "a", "b": None, "empty": None},
    ]
    hashes = {collect("train.py", plant(tmp_path / str(n), tree)).sha256 for n, tree in enumerate(variants)}
    assert len(hashes) == len(variants)


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..") and len(name.encode()) <= 120 and not name.endswith(".pyc")
)
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.none() | st.binary(max_size=2000), max_size=8
).filter(
    # No path may be both a file and a folder, and nothing may be ignored.
    lambda tree: (
        not any(other.startswith(name + "/") for name in tree for other in tree)
        and not {*archive.IGNORED_NAMES, archive.VIRTUAL_ENVIRONMENT}
        & {part for name in tree for part in name.split("/")}
    )
)


@settings(max_examples=40)
@given(tree=TREES, seed=st.integers(0, 1000))
def test_any_tree_packs_to_the_same_bytes_and_unpacks_to_the_same_tree(tree: dict[str, Any], seed: int) -> None:
    tree = tree | {"train.py": b"print()"}
    shuffled = list(tree.items())
    random.Random(seed).shuffle(shuffled)
    with tempfile.TemporaryDirectory() as scratch:
        one, two, out = (Path(scratch) / name for name in ("one", "two", "out"))
        archives = [
            packed(collect("train.py", plant(one, tree))),
            packed(collect("train.py", plant(two, dict(shuffled)))),
        ]
        assert archives[0] == archives[1]
        with tarfile.open(fileobj=io.BytesIO(archives[0])) as opened:
            opened.extraction_filter = getattr(tarfile, "data_filter", None)
            opened.extractall(out)
        assert on_disk(out) == on_disk(one)


def on_disk(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): None if p.is_dir() else p.read_bytes() for p in folder.rglob("*")}


# The format -----------------------------------------------------------------------------------------------------------


@with_gnu_tar
def test_gnu_tar_and_python_list_the_same_members(tmp_path: Path) -> None:
    tree = FIXED_TREE | {"/".join(["deep" * 15] * 6) + "/end.txt": "x", "p" * 99: None, "q" * 100: "z", "r" * 101: "z"}
    contents = collect("train.py", plant(tmp_path / "code", tree))
    file = tmp_path / "sourcedir.tar.gz"
    file.write_bytes(packed(contents))
    listed = subprocess.run(
        ["tar", "--list", "--quoting-style=literal", "-zf", file],
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    )
    with tarfile.open(file, "r:gz") as opened:
        pythons = [member.name + "/" * member.isdir() for member in opened]
    assert listed.stdout.splitlines() == pythons == names(contents)
    assert listed.stderr == ""
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xzf", file, "-C", tmp_path / "out"], check=True)
    assert on_disk(tmp_path / "out") == on_disk(tmp_path / "code")


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 65_535 - 2048, 65_535 - 1536, 65_535, 65_536, 300_000])
def test_files_of_every_awkward_size_come_back(size: int, tmp_path: Path) -> None:
    data = random.Random(size).randbytes(size)
    plant(tmp_path, {"train.py": data})
    raw = packed(collect("train.py", tmp_path))
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(raw)), mode="r:") as opened:
        member = opened.extractfile("train.py")
        assert member is not None
        assert member.read() == data


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 200_000])
def test_the_gzip_is_one_for_all_ways_to_cut_its_input(size: int) -> None:
    data = random.Random(size).randbytes(size)
    whole, cut = (b"".join(bytes_of._gzip(data[i : i + n] for i in range(0, size, n))) for n in (size, 1000))
    assert whole == cut
    assert gzip.decompress(whole) == data
    assert len(whole) == 10 + size + 5 * -(-size // 65_535) + 8


def test_a_size_beyond_octal_digits_is_one_that_tarfile_reads() -> None:
    for size in (8**11 - 1, 8**11, 10**13):
        header = b"".join(bytes_of._header(archive.ArchiveMember("big", Path("big"), size)))
        assert tarfile.TarInfo.frombuf(header, "utf-8", "strict").size == size
        assert (header[124] == 0x80) == (size >= 8**11)


def test_a_large_file_is_streamed(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": ""})
    size = 64 * 2**20
    with (tmp_path / "weights.bin").open("wb") as sparse:
        sparse.truncate(size)
    contents = collect("train.py", tmp_path)
    tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        with Path(os.devnull).open("wb") as nowhere:
            contents.pack(nowhere)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert contents.total_bytes == size
    assert peak < 2**20


# What stays out -------------------------------------------------------------------------------------------------------


def test_what_is_ignored_is_reported_with_its_rule(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "train.py": "",
            "old.pyc": "",
            ".git": "gitdir: elsewhere",
            "pkg/__pycache__/a.pyc": "",
            "pkg/env/pyvenv.cfg": "",
            "pkg/env/lib/b.py": "",
            "data/big.bin": "",
            "notes.md": "",
            ".sagespecignore": "# what the container does not need\n\n/data/\n*.md\n",
        },
    )
    contents = collect("train.py", tmp_path)
    assert names(contents) == ["pkg/", "train.py"]
    assert contents.ignored == (
        Ignored(".git", ".git"),
        Ignored(".sagespecignore", ".sagespecignore"),
        Ignored("data/", ".sagespecignore:3: /data/"),
        Ignored("notes.md", ".sagespecignore:4: *.md"),
        Ignored("old.pyc", "*.pyc"),
        Ignored("pkg/__pycache__/", "__pycache__"),
        Ignored("pkg/env/", "virtual environment"),
    )


@pytest.mark.parametrize("name", sorted(archive.IGNORED_NAMES - {archive.IGNORE_FILE}))
def test_some_names_are_ignored_at_any_depth_and_cannot_be_asked_for(name: str, tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", f"{name}/x": "", f"pkg/{name}/x": "", ".sagespecignore": f"!{name}\n"})
    contents = collect("train.py", tmp_path)
    assert names(contents) == ["pkg/", "train.py"]
    assert {f"{name}/": name, f"pkg/{name}/": name}.items() <= ignored(contents).items()


def test_a_remark_in_the_ignore_file_does_not_change_the_archive(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", ".sagespecignore": "data\n"})
    before = collect("train.py", tmp_path).sha256
    plant(tmp_path, {".sagespecignore": "# data that lies in S3 too\ndata\n"})
    assert collect("train.py", tmp_path).sha256 == before


PATHS = [
    "a",
    "b.txt",
    "a b",
    "a ",
    "#x",
    "!x",
    "*",
    "[",
    "logs/a",
    "logs/keep",
    "logs/deep/a",
    "pkg/a.txt",
    "pkg/logs/b",
]
# A question mark is one character here and one byte in git, so no name is a single character beyond ASCII.
PATHS += ["x/y/z", "x/y/w/z", "é.md", "doc/frotz/f", "a1", "tab\t", "back\\", "build/out.o", "Über/ä.md"]
IGNORES = {
    "a name, at any depth": "a\n",
    "a folder only": "logs/\na/\n",
    "anchored by a leading slash": "/logs\n/a\n",
    "anchored by a slash inside": "doc/frotz\npkg/*.txt\n",
    "a star stays in its part": "x/*\n",
    "two stars first": "**/logs\n",
    "two stars last": "logs/**\n",
    "two stars last, one file kept": "logs/**\n!logs/keep\n",
    "two stars between": "x/**/z\n",
    "two stars in a word": "x**z\nlo**s/keep\n",
    "three stars": "x/***/z\n",
    "negation, the last line wins": "*\n!*.txt\n!pkg\n",
    "no way back into an ignored folder": "logs/\n!logs/keep\n",
    "the contents but one": "/logs/*\n!/logs/keep\n",
    "a question mark": "?\na?\n",
    "sets": "[a-c]\n[!p]kg\n",
    "sets with a caret, a bracket, a dash": "[^a]1\n[]a]1\n[a-]1\n",
    "named sets": "a[[:digit:]]\n",
    "an unfinished set": "a[1\n[\n",
    "escapes": "\\#x\n\\!x\n\\*\n\\[\n",
    "a backslash at the end": "a\\\n",
    "blanks at the end": "a   \n",
    "an escaped blank at the end": "a\\ \n",
    "a blank after an escaped backslash": "back\\\\ \n",
    "a carriage return inside a line": "a\rb.txt\n",
    "comments and empty lines": "# a\n\n#x\n",
    "lines of another system": "a\r\nlogs/\r\n",
    "a byte order mark": "\ufeffa\n",
    "beyond ASCII": "é.*\n/Über/\n",
    "only marks": "/\n!\n//\n!/\n",
    "no end of line": "b.txt",
}


@as_git
@pytest.mark.parametrize("text", IGNORES.values(), ids=IGNORES)
def test_the_ignore_file_means_what_git_makes_of_it(text: str, tmp_path: Path) -> None:
    plant(tmp_path, dict.fromkeys(PATHS, ""))
    assert_as_git(tmp_path, {"": text})


@as_git
def test_a_deeper_ignore_file_has_the_last_word(tmp_path: Path) -> None:
    plant(tmp_path, dict.fromkeys(PATHS, ""))
    assert_as_git(tmp_path, {"": "a\n*.txt\nlogs/keep\n", "logs": "!/a\n!keep\ndeep/\n", "pkg": "!a.*\nb\n"})


def assert_as_git(folder: Path, files: dict[str, str]) -> None:
    """Our member list is what git would add if each ignore file were a .gitignore."""
    for where, text in files.items():
        (folder / where / ".gitignore").write_bytes(text.encode())
        (folder / where / ".sagespecignore").write_bytes(text.encode())
    git = ["git", "-c", f"core.excludesFile={os.devnull}"]
    subprocess.run([*git, "init", "--quiet", "--template=", folder], check=True)
    command = [*git, "ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"]
    listed = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True, encoding="utf-8").stdout
    # The entry point lies outside, so that even "*" may be tried.
    plant(folder.parent / "entry", {"main.py": ""})
    contents = collect(folder.parent / "entry/main.py", dependencies=[folder])
    got = {name.removeprefix(folder.name + "/") for name in contents.files} - {"main.py"}
    assert not_ignore_files(got) == not_ignore_files(set(listed.split("\0")) - {""})


def not_ignore_files(paths: set[str]) -> set[str]:
    return {path for path in paths if Path(path).name not in (".gitignore", ".sagespecignore")}


def test_no_pattern_takes_exponential_time(tmp_path: Path) -> None:
    """A backtracking matcher would need longer than anyone waits; ours must merely come back, with the right answer."""
    deep = "/".join(["a"] * 60)
    plant(tmp_path, {"train.py": "", "a" * 200: "", f"{deep}/f": ""})
    plant(tmp_path, {".sagespecignore": "*a" * 60 + "*b\n" + "a/**/" * 25 + "b\n"})
    assert {"a" * 200, f"{deep}/f"} <= set(collect("train.py", tmp_path).files)


def test_what_the_manifest_names_is_never_ignored_as_a_whole(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", "node_modules/a.js": "", "venv/pyvenv.cfg": "", "venv/__pycache__/x": ""})
    contents = collect("train.py", dependencies=["node_modules", "venv"], folder=tmp_path)
    assert names(contents) == ["node_modules/", "node_modules/a.js", "train.py", "venv/", "venv/pyvenv.cfg"]


def test_a_dependency_that_source_dir_ignores_is_packed_all_the_same(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", "common/a.py": "", ".sagespecignore": "common\n"})
    contents = collect("train.py", ".", ["common"], folder=tmp_path)
    assert names(contents) == ["common/", "common/a.py", "train.py"]
    assert ignored(contents) == {".sagespecignore": ".sagespecignore"}


@pytest.mark.parametrize(
    ("entry_point", "rule"),
    [
        ("train.py", ".sagespecignore:1: train.py"),
        ("jobs/deep/train.py", ".sagespecignore:2: jobs/"),
        ("node_modules/train.py", "node_modules"),
        ("venv/train.py", "virtual environment"),
    ],
)
def test_the_entry_point_cannot_be_ignored(entry_point: str, rule: str, tmp_path: Path) -> None:
    plant(tmp_path, {entry_point: "", "venv/pyvenv.cfg": "", ".sagespecignore": "train.py\njobs/\n!/venv/train.py\n"})
    error = refusal(entry_point, tmp_path)
    assert (error.message, error.field) == (f"'{entry_point}' is ignored ({rule})", ("entry_point",))


# What the author did wrong --------------------------------------------------------------------------------------------


TREE = {"code/train.py": "", "code/pkg/a.py": "", "libs/common/a.py": "", "other/common/b.py": "", "loose/train.py": ""}


@pytest.mark.parametrize(
    ("arguments", "message", "field"),
    [
        ({"entry_point": "nope.py"}, "there is no file 'nope.py'", ("entry_point",)),
        ({"entry_point": "code"}, "'code' is a folder, not a file", ("entry_point",)),
        ({"entry_point": "train.py", "source_dir": "nope"}, "there is no folder 'nope'", ("source_dir",)),
        (
            {"entry_point": "train.py", "source_dir": "code/train.py"},
            "'code/train.py' is a file, not a folder",
            ("source_dir",),
        ),
        (
            {"entry_point": "nope.py", "source_dir": "code"},
            "there is no file 'nope.py' in source_dir 'code'",
            ("entry_point",),
        ),
        ({"entry_point": "pkg", "source_dir": "code"}, "'pkg' is a folder, not a file", ("entry_point",)),
        ({"entry_point": ".", "source_dir": "code"}, "'.' is a folder, not a file", ("entry_point",)),
        (
            {"entry_point": "../loose/train.py", "source_dir": "code"},
            "'../loose/train.py' does not lie in source_dir 'code'",
            ("entry_point",),
        ),
        (
            {"entry_point": "/etc/hosts", "source_dir": "code"},
            "'/etc/hosts' does not lie in source_dir 'code'",
            ("entry_point",),
        ),
        (
            {"entry_point": "train.py", "source_dir": "code", "dependencies": ["libs/common", "libs/nope"]},
            "there is no file or folder 'libs/nope'",
            ("dependencies", 1),
        ),
        (
            {"entry_point": "train.py", "source_dir": "code", "dependencies": ["libs/common", "other/common"]},
            "the archive already has another 'common'",
            ("dependencies", 1),
        ),
        (
            {"entry_point": "code/train.py", "dependencies": ["loose/train.py"]},
            "the archive already has another 'train.py'",
            ("dependencies", 0),
        ),
        (
            {"entry_point": "train.py", "source_dir": "code", "dependencies": ["loose/train.py"]},
            "the archive already has another 'train.py'",
            ("dependencies", 0),
        ),
        (
            {"entry_point": "code/train.py", "dependencies": ["."]},
            "'.' does not say the folder's name",
            ("dependencies", 0),
        ),
        (
            {"entry_point": "code/train.py", "dependencies": ["libs/.."]},
            "'libs/..' does not say the folder's name",
            ("dependencies", 0),
        ),
        ({"entry_point": "a\0b"}, "'a\0b' cannot be a path", ("entry_point",)),
    ],
    ids=str,
)
def test_a_wrong_path_is_reported_with_the_field_that_has_it(
    arguments: dict[str, Any], message: str, field: tuple[str | int, ...], tmp_path: Path
) -> None:
    plant(tmp_path, TREE)
    error = refusal(**arguments, folder=tmp_path)
    assert (error.message, error.field) == (message, field)


def test_an_entry_point_written_from_the_manifests_folder_is_corrected(tmp_path: Path) -> None:
    plant(tmp_path, TREE)
    error = refusal("code/pkg/a.py", "code", folder=tmp_path)
    assert (error.message, error.hint) == (
        "there is no file 'code/pkg/a.py' in source_dir 'code'",
        "write 'pkg/a.py': it is relative to source_dir",
    )


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"pkg/up": {"link": "../../secret.txt"}}, "'pkg/up' is a link to '../../secret.txt', which leaves the folder"),
        ({"etc": {"link": "/etc"}}, "'etc' is a link to '/etc', which leaves the folder"),
        ({"twin": {"link": "../code-twin"}}, "'twin' is a link to '../code-twin', which leaves the folder"),
        (
            {"a": {"link": "b"}, "b": {"link": "../secret.txt"}},
            "'b' is a link to '../secret.txt', which leaves the folder",
        ),
        ({"gone": {"link": "nowhere"}}, "'gone' is a link to 'nowhere', which leads nowhere"),
        ({"in": {"link": "train.py/x"}}, "'in' is a link to 'train.py/x', which leads nowhere"),
        ({"me": {"link": "me"}}, "'me' is a link to 'me', which leads back to itself"),
        ({"here": {"link": "."}}, "'here' is a link to '.', which leads back to a folder that holds it"),
        ({"p/q/r": {"link": "../../p"}}, "'p/q/r' is a link to '../../p', which leads back to a folder that holds it"),
        (
            {"p/x": {"link": "../q"}, "q/y/f": "", "q/z": {"link": "../p"}},
            "leads back to a folder that holds it",
        ),
    ],
    ids=str,
)
def test_a_link_must_stay_in_its_folder_and_end_somewhere(tree: dict[str, Any], message: str, tmp_path: Path) -> None:
    plant(tmp_path, {"secret.txt": "", "code-twin/x": ""})
    plant(tmp_path / "code", {"train.py": ""} | tree)
    error = refusal("train.py", tmp_path / "code")
    assert message in error.message
    assert error.hint.endswith("or name the link in .sagespecignore")
    assert ("dependencies" in error.hint) == ("leaves" in message)
    assert error.field == ("source_dir",)
    assert error.path.is_symlink()


def test_an_ignored_link_may_lead_anywhere(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", "etc": {"link": "/etc"}, "gone": {"link": "x"}, ".sagespecignore": "etc/\ngone\n"})
    assert names(collect("train.py", tmp_path)) == ["train.py"]


def test_what_the_manifest_names_may_be_a_link(tmp_path: Path) -> None:
    plant(tmp_path, {"real/train.py": "", "m/code": {"link": "../real"}, "m/lib": {"link": "../real"}})
    contents = collect("train.py", "code", ["lib"], folder=tmp_path / "m")
    assert names(contents) == ["lib/", "lib/train.py", "train.py"]


def test_links_that_multiply_are_refused(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": ""})
    for level in range(30):
        plant(tmp_path, {f"l{level}/{side}": {"link": f"../l{level + 1}"} for side in "ab"})
    plant(tmp_path, {"l30/f": ""})
    assert "which leads to a folder that links reach more than 100 times" in refusal("train.py", tmp_path).message


@pytest.mark.parametrize(("kind", "word"), [("fifo", "named pipe"), ("socket", "socket")])
def test_what_is_neither_file_nor_folder_is_refused(
    kind: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, {"train.py": ""})
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    if kind == "fifo":
        os.mkfifo("thing")
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("thing")
    assert refusal("train.py", tmp_path).message == f"'thing' is a {word}"
    assert refusal("thing").message == f"'thing' is a {word}, not a file"
    plant(tmp_path, {".sagespecignore": "thing"})
    assert names(collect("train.py", tmp_path)) == ["train.py"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the file system refuses such names")
@pytest.mark.parametrize("where", ["", "pkg/"])
def test_a_name_that_is_not_utf_8_is_refused(where: str, tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", "pkg": None})
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + where.encode() + b"caf\xe9.py")).touch()
    assert refusal("train.py", tmp_path).message == "the file name 'caf\\xe9.py' is not UTF-8"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everyone may read; root, for whom nothing is locked, becomes itself again afterwards."""
    user = os.getuid()
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        yield Path(scratch)
        if user == 0:
            os.setresuid(0, 0, 0)


@pytest.mark.parametrize(
    ("locked", "shown"), [("pkg/a.py", "pkg/a.py"), ("pkg", "pkg/"), (".sagespecignore", ".sagespecignore")]
)
def test_what_cannot_be_read_is_reported(locked: str, shown: str, open_folder: Path) -> None:
    plant(open_folder, {"train.py": "", "pkg/a.py": "", ".sagespecignore": "x"})
    (open_folder / locked).chmod(0)
    if os.getuid() == 0:
        os.setresuid(65534, 65534, 0)
    assert refusal("train.py", open_folder).message == f"'{shown}' cannot be read: Permission denied"


def test_an_ignore_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", ".sagespecignore": b"caf\xe9\n"})
    assert refusal("train.py", tmp_path).message.startswith("'.sagespecignore' cannot be read: 'utf-8' codec")


@pytest.mark.parametrize("text", ["*.x\n" * 1_001, "x" * (1 << 20) + "y"], ids=["lines", "bytes"])
def test_an_ignore_file_that_is_too_long_is_refused_before_its_lines_are_compared(text: str, tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", ".sagespecignore": text})
    assert refusal("train.py", tmp_path).message == "'.sagespecignore' is longer than 1,000 lines or 1 MiB"
    plant(tmp_path, {"train.py": "", ".sagespecignore": "*.x\n" * 1_000, "a.x": ""})
    assert list(collect("train.py", tmp_path).files) == ["train.py"]


@pytest.mark.parametrize("change", [b"longer than before", b""])
def test_a_file_that_changes_its_size_before_it_is_packed_is_refused(change: bytes, tmp_path: Path) -> None:
    contents = collect("train.py", plant(tmp_path, {"train.py": "before"}))
    plant(tmp_path, {"train.py": change})
    with pytest.raises(ArchiveError, match=r"^'train.py' was changed while it was packed$"):
        contents.pack(io.BytesIO())


def test_an_archive_that_is_not_the_one_that_was_hashed_is_refused(tmp_path: Path) -> None:
    contents = collect("train.py", plant(tmp_path, {"train.py": "before"}))
    assert contents.sha256 == hashlib.sha256(packed(contents)).hexdigest()
    plant(tmp_path, {"train.py": "after."})
    with pytest.raises(ArchiveError, match=r"^the source files were changed while they were packed$"):
        contents.pack(io.BytesIO())


def test_a_file_that_is_gone_before_it_is_packed_is_reported(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", "lib/a.py": ""})
    contents = collect("train.py", dependencies=["lib"], folder=tmp_path)
    (tmp_path / "lib/a.py").unlink()
    with pytest.raises(ArchiveError, match=r"^'lib/a.py' cannot be read: No such file or directory$") as caught:
        _ = contents.sha256
    assert caught.value.field == ("dependencies", 0)


def test_paths_deeper_than_the_stack_are_packed(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": ""})
    folders = [tmp_path / ("d/" * depth) for depth in range(1, 1101)]
    for folder in folders:
        folder.mkdir()
    try:
        assert len(collect("train.py", tmp_path).members) == 1101
    finally:  # pytest's own way of removing them is recursive
        for folder in reversed(folders):
            folder.rmdir()


# What a reviewer sees, and how often folders are read -----------------------------------------------------------------


def test_the_contents_tell_how_many_files_how_many_bytes_and_the_largest(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "x" * 10, "b": "x" * 30, "a": "x" * 30, "pkg/c": "x" * 20, "empty": None})
    contents = collect("train.py", tmp_path)
    assert (len(contents.files), contents.total_bytes) == (4, 90)
    assert [member.name for member in contents.largest(3)] == ["a", "b", "pkg/c"]


def test_a_thousand_manifests_of_one_folder_read_it_once(tmp_path: Path) -> None:
    plant(
        tmp_path, {f"code/train{number}.py": "" for number in range(50)} | {"code/pkg/a.py": "", "m/x": "", "lib/b": ""}
    )
    archives = Archives(Files())
    found = {
        id(
            archives.collect(
                f"train{number % 50}.py", "../code" if number % 2 else "./../code", ["../lib"], folder=tmp_path / "m"
            )
        )
        for number in range(1000)
    }
    assert (archives.builds, len(found)) == (1, 1)


def test_other_dependencies_are_another_archive(tmp_path: Path) -> None:
    plant(tmp_path, TREE)
    archives = Archives(Files())
    asked: list[list[str]] = [[], ["libs/common"], ["other/common"], ["libs/common"], []]
    hashes = [archives.collect("train.py", "code", each, folder=tmp_path).sha256 for each in asked]
    assert archives.builds == len(set(hashes)) == 3


def test_the_entry_point_is_looked_for_even_when_the_folder_is_known(tmp_path: Path) -> None:
    plant(tmp_path, TREE)
    archives = Archives(Files())
    archives.collect("train.py", "code", folder=tmp_path)
    with pytest.raises(ArchiveError, match=r"^there is no file 'nope.py' in source_dir 'code'$"):
        archives.collect("nope.py", "code", folder=tmp_path)
    assert archives.builds == 1


def test_a_folder_that_is_wrong_is_read_once_too(tmp_path: Path) -> None:
    plant(tmp_path, {"train.py": "", "out": {"link": "/etc"}})
    archives = Archives(Files())
    messages = set()
    for _ in range(3):
        with pytest.raises(ArchiveError) as caught:
            archives.collect("train.py", tmp_path)
        messages.add((caught.value.message, caught.value.hint, caught.value.path, caught.value.field))
    assert (archives.builds, len(messages)) == (1, 1)
