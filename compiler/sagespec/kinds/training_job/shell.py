"""What a shell makes of a command line that nobody has quoted: values of hyperparameters on their way to the script.

Source: POSIX, Shell Command Language; what bash does beyond it is braces. tests/scripts/test_shell.py asks the shells.
"""

from __future__ import annotations

import re

from sagespec.base.named import NamedTuple

_SPECIAL = frozenset(" \t\n'\"\\;&|<>()`$#~*?{}")
"""Text without any of these arrives as it is."""
_OPERATORS = {
    ";": "runs what follows ';' as a command",
    "&": "cuts the command line at '&', and runs what follows as a command",
    "|": "cuts the command line at '|', and runs what follows as a command",
    "\n": "runs the next line as a command",
    "`": "runs what stands in backticks as a command",
    "<": "takes what follows '<' for a file to read from",
    ">": "takes what follows '>' for a file to write to",
    "(": "stops at '(', a syntax error",
    ")": "stops at ')', a syntax error",
    "#": "takes '#' and everything behind it for a comment, the options that follow included",
}
_VARIABLE = r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\}|[0-9@*#?$!{-])"
_BRACES = r"\{[^\s{}]*(?:,|\.\.)[^\s{}]*\}"


class ShellWords(NamedTuple):
    """What becomes of one unquoted text."""

    words: tuple[str, ...]
    """The arguments that it ends as, as far as they are known."""
    harm: str = ""
    """What the shell does beside that, whoever takes the argument: it stops, or runs something."""
    variables: tuple[str, ...] = ()
    """Variables that it replaces by their values; an empty name is one of the shell's own."""
    expands: bool = False
    """It puts other text in place of a pattern, a tilde or braces."""


def shell_words(text: str, shell: str) -> ShellWords:
    """Reads a text as `sh -c` would, behind an option and a blank.

    Args:
        shell: `dash` or `bash`; empty for none, which passes the text as it is.
    """
    if not shell or (text and _SPECIAL.isdisjoint(text)):
        return ShellWords((text,))
    return _ShellReader(text, shell).read()


class _ShellReader:
    def __init__(self, text: str, shell: str) -> None:
        self.text = text
        self.at = 0
        self.words: list[str] = []
        self.word: str | None = None
        self.variables: list[str] = []
        self.expands = shell == "bash" and re.search(_BRACES, text) is not None
        self.harm = ""

    def read(self) -> ShellWords:
        while self.at < len(self.text) and not self.harm:
            self._step(self.text[self.at])
        self._end_word()
        return ShellWords(tuple(self.words), self.harm, tuple(self.variables), self.expands)

    def _step(self, char: str) -> None:
        if char in " \t":
            self._end_word()
            self.at += 1
        elif char == "'":
            self._until("'", self.text.find("'", self.at + 1))
        elif char == '"':
            self._double_quoted()
        elif char == "\\":
            self._escape()
        elif char == "$":
            self._dollar()
        elif (char in _OPERATORS and char != "#") or (char == "#" and self.word is None):
            self.harm = _OPERATORS[char]
        else:
            tilde = char == "~" and self.word is None and self.text[self.at + 1 : self.at + 2] in ("", "/", " ")
            self.expands = self.expands or tilde or char in "*?"
            self._add(char)
            self.at += 1

    def _add(self, text: str) -> None:
        self.word = (self.word or "") + text

    def _end_word(self) -> None:
        if self.word is not None:
            self.words.append(self.word)
        self.word = None

    def _until(self, quote: str, end: int) -> None:
        if end < 0:
            self.harm = f"stops at {quote}, which nothing closes: a syntax error"
            return
        self._add(self.text[self.at + 1 : end])
        self.at = end + 1

    def _escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if not following:
            self.harm = "takes the '\\' at the end for a part of the next option"
        if following != "\n":
            self._add(following)
        self.at += 2

    def _double_quoted(self) -> None:
        self._add("")
        self.at += 1
        while not self.harm:
            char = self.text[self.at : self.at + 1]
            following = self.text[self.at + 1 : self.at + 2]
            if char == '"':
                self.at += 1
                return
            if not char:
                self.harm = 'stops at ", which nothing closes: a syntax error'
            elif char == "`":
                self.harm = _OPERATORS["`"]
            elif char == "$":
                self._dollar()
            elif char == "\\" and following and following in '$`"\\\n':
                self._add("" if following == "\n" else following)
                self.at += 2
            else:
                self._add(char)
                self.at += 1

    def _dollar(self) -> None:
        if self.text.startswith("$(", self.at):
            self.harm = "runs what stands in $(…) as a command"
            return
        found = re.compile(_VARIABLE).match(self.text, self.at)
        if found is None:
            self._add("$")
            self.at += 1
            return
        self.variables.append(found[1] or found[2] or "")
        self.at = found.end()
