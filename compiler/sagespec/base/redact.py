"""Knows a key or token when it sees one, and masks it in texts that people and logs will see."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from sagespec.base.named import NamedTuple

Check = Callable[[str], bool]


class Token(NamedTuple):
    """One kind of secret that its form gives away."""

    kind: str
    mark: str
    """A text without it holds no such token: the pattern need not be tried."""
    pattern: str
    """Its group `secret`, where it has one, is the secret part."""
    check: Check = bool
    """What the pattern cannot say of a match."""


def _entropy(text: str) -> float:
    """Bits a character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _is_aws_secret_key(text: str) -> bool:
    """40 characters of base64 that no word or path would make: all kinds of characters, well mixed."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(kind(char) for char in text) for kind in kinds) and _entropy(text) >= 4.6


def _is_password(text: str) -> bool:
    return re.fullmatch(_PLACEHOLDER, text) is None


TOKENS = (
    Token("an AWS access key id", "A", r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    Token("a GitHub token", "gh", r"\bgh[pousr]_[A-Za-z0-9]{36,}"),
    Token("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{40,}"),
    Token("a GitLab token", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    Token("a Slack token", "xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    Token("a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,})"),
    Token("a Hugging Face token", "hf_", r"\b(?:api_org|hf)_[A-Za-z0-9]{30,}"),
    Token("an OpenAI key", "sk-", r"\bsk-(?:[A-Za-z0-9]{32,}|(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,})"),
    Token("an Anthropic key", "sk-ant-", r"\bsk-ant-[A-Za-z0-9_-]{40,}"),
    Token("a Weights & Biases key", "wandb_v1_", r"\bwandb_v1_[A-Za-z0-9_]{40,}"),
    Token("a Google API key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    Token("a Stripe key", "k_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    Token("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}"),
    Token("a PyPI token", "pypi-", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    Token("a JSON web token", "eyJ", r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    Token(
        "a private key",
        "PRIVATE KEY",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>[\s\S]*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    ),
    Token(
        "a URL with a password",
        "://",
        r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[^/\s:@]{0,80}:(?P<secret>[^/\s@]{1,200})@",
        _is_password,
    ),
    Token(
        "an AWS secret access key",
        "",
        r"(?<![A-Za-z0-9/+=:._-])(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=._-])",
        _is_aws_secret_key,
    ),
)
"""Secrets that can be recognised by their form alone, as their makers document it."""
CERTAIN_TOKENS = (
    *(
        token.pattern.replace("(?P<secret>", "(?:")
        for token in TOKENS
        if token.check is bool and token.kind != "a private key"
    ),
    "-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]{0,80}:(?=[^/\s@]*[0-9])(?=[^/\s@]*[A-Za-z])[^/\s@:$%<{\[*~]{8,200}@",
)
"""Patterns, in the words that Python and JavaScript share, of what is a secret whatever it is called. A password with
letters and digits is not a placeholder."""
SHORTEST = 15
"""Characters of the shortest of these, passwords in addresses left out."""

_HARMLESS = (
    r"none|null|nil|true|false|yes|no|on|off|empty|unset|default|required|optional|redacted|masked"
    r"|passw(?:or)?d|secret|token|changeme|change-me|todo|tbd|example|dummy|placeholder"
)
_PLACEHOLDER = (  # a text, as few runs need it: `re` compiles it when it first comes
    r"(?is)\$.*|%.*%|<.*>|\{.*\}|\[.*\]|[*x.…-]+|/.*|~/.*|[A-Za-z][A-Za-z0-9+.-]*:.*"
    rf"|(?:{_HARMLESS})?"
)
"""No secret but the sign of one, or where one lies: a variable, a path, an ARN, another scheme's address."""

_LOOSE = r"pass(?:word|wd|phrase)|pwd"
_STRICT = r"secret|token|credentials?|(?:api|access|secret|private|account|auth|encryption|signing|license)[_.-]?key"
_WORDS = rf"(?P<loose>{_LOOSE})|{_STRICT}"
_IN_EVERY_NAME = ("pass", "pwd", "secret", "token", "credent", "key")
"""… in every case, and with letters that case makes equal: `ı` and `İ` are `i` to a pattern, but not to `casefold`."""
_NAME = rf"(?i)(?:{_WORDS})\d{{0,2}}$"
"""A name that ends in what it holds: `DB_PASSWORD`, `--api-key`, `hfToken`; not `max_tokens` or `token_file`."""

_NAMED = rf"(?i)(?P<name>(?:{_WORDS})\d{{0,2}})[\"']?\s{{0,8}}[:=]\s{{0,8}}[\"']?(?P<value>[^\s\"',}}\]]+)"
"""A name's end and the value behind it, in YAML, JSON, Python or a shell."""


def _in_any_case(words: str) -> str:
    return re.sub("[a-z]", lambda letter: f"[{letter[0].upper()}{letter[0]}]", words)


def certain_names() -> tuple[tuple[str, str], ...]:
    """(pattern of a name, pattern of a value that is a secret under it), in the words that Python and JavaScript share.

    A run in which each character is at most an eighth of it has three bits a character, or more: that can be said
    without logarithms.
    """
    loose, strict = (rf"(?:{_in_any_case(words)})[0-9]{{0,2}}$" for words in (_LOOSE, _STRICT))
    placeholder = r"[%<{\[$/~]|[*xX.-]+$|[A-Za-z][A-Za-z0-9+.-]*:|(?:" + _in_any_case(_HARMLESS) + r")$"
    password = rf"^(?!{placeholder})(?![\s\S]*\{{\{{)[\x20-\x7e]{{4,}}$"
    mixed = [rf"(?=.{{{8 * most}}})(?!.*(.)(?:(?:(?!\{most - 1}).)*\{most - 1}){{{most}}})" for most in range(2, 11)]
    random = rf"^(?=[A-Za-z0-9+=]{{16,100}}$)(?=.*[0-9])(?=.*[A-Za-z])(?:{'|'.join(mixed)})"
    return (loose, password), (strict, random)


def secret_in(value: str, name: str = "") -> str | None:
    """What a value looks like that should not be written down (`an AWS access key id` …), or None.

    Args:
        name: what the value is called; under a name such as `API_KEY` any random text is a secret.
    """
    if len(value) < SHORTEST and "://" not in value and _called(name) is None:  # as most are
        return None
    found = next(_tokens(value), None)
    if found is not None:
        return found[0]
    return f"the value of a secret ('{name}')" if _named_secret(name, value) else None


def masked(secret: str) -> str:
    """A secret as it may be shown: how it begins, when that reveals little, and how long it is."""
    start = secret[:4] if len(secret) >= 16 and "\n" not in secret[:4] else ""
    return f"{start}… ({len(secret)} characters)"


def disclosed(value: Any, name: str = "") -> Any:
    """Data with every secret in it masked.

    Args:
        name: what the value is called.
    """
    if isinstance(value, Mapping):
        return {key: disclosed(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [disclosed(item, name) for item in value]
    if not isinstance(value, str):
        return value
    return masked(value) if secret_in(value, name) else redacted(value)


def redacted(text: str) -> str:
    """The text with every secret in it masked, be it known by its form or by the name before it."""
    return _redacted_line(text) if len(text) <= _LINE else _redacted(text)


def _redacted(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for start, end in sorted((start, end) for _, start, end in _tokens(text)):
        if start >= done:
            pieces += text[done:start], masked(text[start:end])
            done = end
        elif end > done:  # two tokens overlap: what is left of the second goes too
            done = end
    shown = "".join(pieces) + text[done:]
    return re.sub(_NAMED, _mask_named, shown) if _may_name_one(shown) else shown


_LINE = 200
"""Characters of a text that may well come again: a line, a message."""
_redacted_line = lru_cache(maxsize=1_024)(_redacted)


def _may_name_one(text: str) -> bool:
    """Whether trying `_NAMED` is worth its time."""
    if ":" not in text and "=" not in text:
        return False
    folded = text.casefold()
    return any(word in folded for word in _IN_EVERY_NAME)


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end) of each secret that its form gives away."""
    if len(text) < SHORTEST and "://" not in text:
        return
    for token in TOKENS:
        if token.mark not in text:
            continue
        for found in re.finditer(token.pattern, text):
            group = "secret" if "secret" in found.groupdict() else 0
            if token.check(found[group]):
                yield token.kind, *found.span(group)


def _mask_named(found: re.Match[str]) -> str:
    whole, value = found[0], found["value"]
    if "…" in value or not _named_secret(found["name"], value):
        return whole
    return whole[: found.start("value") - found.start()] + masked(value)


def shown(text: str) -> str:
    """A value as a message may quote it: short, and without secrets."""
    text = redacted(text)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _named_secret(name: str, value: str) -> bool:
    """Whether a value under this name is a secret itself. A password may be any text, a token looks random."""
    called = _called(name)
    if called is None or re.fullmatch(_PLACEHOLDER, value):
        return False
    return len(value) >= 4 if called["loose"] else _looks_random(value)


@lru_cache(maxsize=1_000)
def _called(name: str) -> re.Match[str] | None:
    return re.search(_NAME, name)


def _looks_random(text: str) -> bool:
    """Text that nobody would think of: an unbroken run of letters and digits, well mixed."""
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        return True
    run = max(re.findall(r"[A-Za-z0-9+/=]+", text), key=len, default="")
    mixed = any(char.isdigit() for char in run) and any(char.isalpha() for char in run)
    return " " not in text and len(run) >= 14 and mixed and _entropy(run) >= 3.0
