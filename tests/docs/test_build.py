"""The documents as pages: built strictly, in the guides' order, with nothing from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
#: The order in which the navigation must lead through the documents; others may stand between.
ORDER = [
    "quick-start",
    "analyst-guide",
    "ops-guide",
    "admin-guide",
    "settings",
    "deployment",
    "security",
    "troubleshooting",
    "architecture",
    "contributing",
]


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    options = ["--quiet", "--fail-on-warning", "--keep-going", "-b", "html"]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(source), str(target)],
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("pages")
    result = build(DOCS, target)
    assert result.returncode == 0, result.stderr
    return target


class Loaded(HTMLParser):
    """What a browser loads for a page, and where the navigation leads."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in {"script", "img", "iframe", "source", "use", "link"}:
            self.addresses += [values[name] or "" for name in ("src", "href") if name in values]
        if tag == "a" and "internal" in (values.get("class") or ""):
            self.links.append(values.get("href") or "")


def read(page: Path) -> Loaded:
    found = Loaded()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def test_the_navigation_keeps_the_order(pages):
    links = list(dict.fromkeys(read(pages / "index.html").links))
    found = [link.removesuffix(".html") for link in links]

    assert [name for name in found if name in ORDER] == ORDER


def test_every_document_is_a_page(pages):
    named = {str(page.relative_to(DOCS).with_suffix(".html")) for page in DOCS.rglob("*.md")}

    assert named - {str(page.relative_to(pages)) for page in pages.rglob("*.html")} == set()


def test_the_pages_fetch_nothing_from_other_hosts(pages):
    loaded = {a for page in pages.rglob("*.html") for a in read(page).addresses}
    styles = "".join(page.read_text(encoding="utf-8") for page in pages.rglob("*.css"))

    assert [a for a in loaded if re.match(r"(https?:)?//", a)] == []
    assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)]*", styles) == []


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("[x](nowhere.md)", id="a page that is not there"),
        pytest.param("[x](deployment.md#no-such-heading)", id="a heading that is not there"),
    ],
)
def test_a_broken_link_stops_the_build(tmp_path, link):
    source = tmp_path / "docs"
    source.mkdir()
    shutil.copy(DOCS / "conf.py", source)
    (source / "deployment.md").write_text("# Deployment\n\n## Keys\n", encoding="utf-8")
    (source / "index.md").write_text(
        f"# Start\n\n{link}\n\n```{{toctree}}\ndeployment\n```\n", encoding="utf-8"
    )

    assert build(source, tmp_path / "pages").returncode != 0
