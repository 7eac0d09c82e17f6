"""The AWS CLI's shorthand: `Name=value,Other={Inner=[a,b]}`.

Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html
"""

from __future__ import annotations

import re
from typing import Any


class NotShorthand(ValueError):
    """A value is neither JSON nor in the AWS CLI's shorthand."""


class Shorthand:
    """`Name=value,Other={Inner=[a,b]}`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def made(self) -> dict[str, Any]:
        """Raises NotShorthand."""
        found = self._pairs("")
        if self.at < len(self.text):
            raise NotShorthand(f"{self.text[self.at :][:20]!r} is not expected in {self.text[:60]!r}")
        return found

    def _pairs(self, end: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.at < len(self.text) and self.text[self.at] != end:
            key = re.compile(r"\s*([^\s=,{}\[\]]+)\s*=\s*").match(self.text, self.at)
            if key is None:
                raise NotShorthand(f"a name and = is expected at {self.text[self.at :][:20]!r}")
            self.at = key.end()
            found[key[1]] = self._values(end)
            if self.text[self.at : self.at + 1] == ",":
                self.at += 1
        return found

    def _values(self, end: str) -> Any:
        """A value, or several where what follows a comma has no name."""
        values = [self._value(end)]
        more = re.compile(
            rf",(?!\s*[^\s=,{{}}\[\]]+\s*=)(?=[^{re.escape(end)}])" if end else r",(?!\s*[^\s=,]+\s*=)(?=.)"
        )
        while more.match(self.text, self.at):
            self.at += 1
            values.append(self._value(end))
        return values if values[1:] else values[0]

    def _value(self, end: str) -> Any:
        char = self.text[self.at : self.at + 1]
        if char == "{":
            self.at += 1
            found = self._pairs("}")
            return self._closed("}", found)
        if char == "[":
            self.at += 1
            items = []
            while self.at < len(self.text) and self.text[self.at] != "]":
                items.append(self._value("]"))
                if self.text[self.at : self.at + 1] == ",":
                    self.at += 1
            return self._closed("]", items)
        if char in ("'", '"'):
            close = self.text.find(char, self.at + 1)
            if close < 0:
                raise NotShorthand(f"a quote is open in {self.text[:60]!r}")
            value, self.at = self.text[self.at + 1 : close], close + 1
            return value
        plain = re.compile(rf"(?:\$\{{[^}}]+\}}|[^,{re.escape(end)}])*" if end else r"(?:\$\{[^}]+\}|[^,])*")
        plain_value = plain.match(self.text, self.at)
        assert plain_value is not None
        self.at = plain_value.end()
        return plain_value[0].strip()

    def _closed(self, end: str, value: Any) -> Any:
        if self.text[self.at : self.at + 1] != end:
            raise NotShorthand(f"{end} is missing in {self.text[:60]!r}")
        self.at += 1
        return value
