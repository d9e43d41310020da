"""The page as a browser lays it out, on a desk and on a phone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import dlt
import pytest

from tests.support.simulated import pipeline_into
from zendesk_source.html_report import write_report
from zendesk_source.html_report.markup import element

# Frames have the width of a screen, which a headless window has not. `--dump-dom` shows what is
# left in the title once all is laid out.
ASK = """<script>
onload = () => {
  document.title = JSON.stringify([...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, width = frame.clientWidth;
    const sized = e => e.getBoundingClientRect();
    const charts = [...page.querySelectorAll(".plot > svg")];
    return {
      width,
      overflow: page.documentElement.scrollWidth - width,
      wide: [...page.querySelectorAll("body *")].filter(
        e => !e.closest(".scroll *, svg *") && sized(e).right > width + 1).length,
      charts: charts.length,
      small: charts.filter(e => sized(e).width < 250 || sized(e).height < 150).length,
    };
  }));
};
</script>"""


@pytest.fixture
def browser() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        reason = "no Chromium is installed (on Debian: apt install chromium)"
        if os.environ.get("TESTS_SKIP_NOTHING"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def test_nothing_sticks_out(browser: str, loaded: Path, tmp_path: Path) -> None:
    destination = dlt.destinations.duckdb(str(loaded))
    pipeline = pipeline_into(destination)
    page, frames = tmp_path / "page.html", tmp_path / "frames.html"
    write_report(pipeline, page)
    text = page.read_text(encoding="utf-8")
    screens = [
        element("iframe", srcdoc=text, width=width, height=900, style="border:0")
        for width in (390, 1200)
    ]
    frames.write_text("<title></title>" + "".join(screens) + ASK, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={tmp_path}/profile", "--dump-dom", frames.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    title = re.search(r"<title>(.+?)</title>", ended.stdout)
    assert title is not None, ended.stderr
    good = {"overflow": 0, "wide": 0, "charts": 7, "small": 0}
    assert json.loads(title.group(1)) == [{"width": width, **good} for width in (390, 1200)]
