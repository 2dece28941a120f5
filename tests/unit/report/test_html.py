"""The page of verify: whole, safe, and working in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from truewheel.audit.model import Finding
from truewheel.audit.verify import Verified
from truewheel.package.model import Target, TargetKind
from truewheel.report.html import verify_page

EVIL = '/usr/lib/<script>alert(1)</script>"&\udcff.py'


def verified(*findings: Finding) -> Verified:
    target = Target("demo <1>.deb", TargetKind.DEB, "/", lambda: iter(()))
    paths = ("usr", "usr/lib", "usr/lib/a.py", "usr/lib/b.py", EVIL[1:])
    return Verified(
        target, findings, ((Finding("shadowing-name", "/usr/lib/tests", "is"), "meant <so>"),), paths
    )


FINDINGS = (
    Finding("wrong-mode", "/usr/lib/a.py", "has the mode 0600"),
    Finding("stale-pyc", EVIL, "is <b>old</b>"),
)


class Tags(HTMLParser):
    """The tags that are open, which must be closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing() -> None:
    text = verify_page([verified(*FINDINGS), verified()])
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert not any({"src", "href"} & set(attributes) for _, attributes in tags.seen)
    assert not re.search(r"url\(|@import|https?:", text)


def test_what_a_target_says_is_text() -> None:
    text = verify_page([verified(*FINDINGS)])
    assert text.count("<script>") == 1
    assert "<b>old</b>" not in text
    assert "meant &lt;so&gt;" in text
    assert text.encode()


def test_each_file_has_its_state() -> None:
    text = verify_page([verified(*FINDINGS)])
    rows = dict(re.findall(r'<li data-text="([^"]*)"><span class="path grow">.*?class="badge (\w+)"', text))
    assert rows["usr/lib/a.py wrong-mode"] == "warning"
    assert rows["usr/lib/b.py "] == "good"
    assert sum(state == "error" for state in rows.values()) == 1


SEARCH = """<script>
field.value = "wrong-mode";
field.dispatchEvent(new Event("input"));
document.title = items.filter((item) => !item.hidden).map((item) => item.dataset.text).join("|");
</script></body>"""


@pytest.mark.slow
def test_the_search_of_the_page_works_in_a_browser(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or pytest.skip("needs chromium")
    path = tmp_path / "page.html"
    path.write_text(verify_page([verified(*FINDINGS)]).replace("</body>", SEARCH))
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", path.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    title = re.search(r"<title>(.*?)</title>", dom)
    assert title is not None
    assert title[1] == "wrong-mode /usr/lib/a.py has the mode 0600|usr/lib/a.py wrong-mode"


@pytest.mark.slow
@pytest.mark.parametrize("width", [420, 1280])
@pytest.mark.parametrize("scheme", [0, 1])
def test_the_page_fits_its_window(width: int, scheme: int, tmp_path: Path) -> None:
    """In dark (0) and light; nothing is wider than the window."""
    browser = shutil.which("chromium") or pytest.skip("needs chromium")
    path = tmp_path / "page.html"
    measure = "<script>document.title = document.documentElement.scrollWidth - innerWidth;</script></body>"
    path.write_text(
        verify_page([verified(*FINDINGS, Finding("build-path", "", "holds " + "x" * 500))]).replace(
            "</body>", measure
        )
    )
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900"]
    command += [f"--blink-settings=preferredColorScheme={scheme}", "--dump-dom", path.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert re.search(r"<title>(-?\d+)</title>", dom)[1] in ("0", "-15")  # type: ignore[index]
