"""mkdocs: the pages of the repository that lie outside of docs/, with links as the site has them."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "specs/README.md": "specs.md",
    "benchmarks/results.md": "benchmarks.md",
}
"""Where a page lies in the repository → its page in the site."""
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\n]*)\]\((?P<target>[^)\s:#]+)(?P<anchor>#[^)\s]*)?\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.M | re.S)


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    for place, page in OUTSIDE.items():
        text = (REPOSITORY / place).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=linked(text, posixpath.dirname(place))))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links of the pages in docs/ that lead out of it."""
    return markdown if page.file.src_uri in OUTSIDE.values() else linked(markdown, "docs")


def linked(text: str, folder: str) -> str:
    """A page of a folder of the repository with its links as the site has them. What is not a page is named only:
    the site has no repository to lead to."""

    def again(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(folder, found["target"]))
        page = OUTSIDE.get(place) or (place.removeprefix("docs/") if re.fullmatch(r"docs/[\w-]+\.md", place) else None)
        if page is None:
            return found["text"] if (REPOSITORY / place).exists() else found[0]
        return f"[{found['text']}]({page}{found['anchor'] or ''})"

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(again, part) for part in parts)
