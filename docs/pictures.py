"""Takes the pictures of docs/pictures from real runs, and measures report.html in Chromium.

With `screens` as its argument it takes those of the terminal and of the log alone.

Each run is `rolecall run` against an STS on loopback, with stand-ins for `npm`, `npx` and `aws`
that print what those do and fail where they are told to. Fails where a page is over its bounds.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import screens

from support import answers
from support.sts import ScriptedSts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).with_name("pictures")
DESKTOP, PHONE = {"width": 1280, "height": 960}, {"width": 390, "height": 844}
MOST_BYTES, MOST_PAINT_MS, MOST_FILTER_MS = 5_000_000, 1_000, 100
_REPEATS = 5
_TEAMS = ("payments", "orders", "search", "identity", "billing", "media", "risk")
_STAGES = ("dev", "test", "prod")
_COMMANDS = '["npm ci", "npx cdk deploy --require-approval never", "aws s3 sync dist s3://site"]'
# What stands in for npm, npx and aws. FAILING names targets, PACE is how long each takes.
_TOOL = """\
#!/bin/sh
name=$(basename "$0")
# Some longer than others, and each run alike.
[ "$PACE" = 0 ] || sleep "$(awk -v n="$ROLECALL_INDEX" -v tool="${#name}" -v pace="$PACE" \\
  'BEGIN { print pace * (1 + (n * 37 + tool * 5) % 9) / 9 }')"
case "$name" in
npm) echo "added 214 packages in 3s" ;;
aws) echo "upload: dist/index.html to s3://site/index.html" ;;
npx)
  stack="$ROLECALL_TARGET-site"
  echo "$stack: deploying... [1/1]"
  echo "$stack: creating CloudFormation changeset..."
  for step in 1 2 3 4; do
    echo "$stack | $step/6 | UPDATE_COMPLETE | AWS::Lambda::Function | Api/Handler$step"
  done
  case " $FAILING " in *" $ROLECALL_TARGET "*)
    echo "$stack | 5/6 | UPDATE_FAILED | AWS::CloudFront::Distribution | Site/Distribution"
    echo "  One or more of the CNAMEs you provided are associated with a different resource."
    echo "$stack failed: UPDATE_ROLLBACK_COMPLETE"
    exit 1 ;;
  esac
  echo "$stack: ok" ;;
esac
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run to take pictures of.

    Attributes:
        failing, denied: numbers of the targets whose commands fail, or whose role denies.
        pace: about how many seconds each command takes.
        parallel: how many targets at once. waves: their sizes.
    """

    targets: int
    failing: tuple[int, ...]
    denied: tuple[int, ...] = ()
    pace: float = 0
    parallel: int = 8
    waves: str = "1, 20%, rest"

    def name(self, number: int) -> str:
        return f"{_TEAMS[number % len(_TEAMS)]}-{_STAGES[number % len(_STAGES)]}-{number + 1}"

    def account(self, number: int) -> str:
        return f"{210_987_654_321 + 7_919 * number}"


RUNS = (
    Run(targets=5, failing=(3,), pace=1.5, parallel=2, waves="1, rest"),
    Run(targets=60, failing=(11, 22, 45), denied=(37,), pace=0.8),
    Run(targets=3000, failing=tuple(range(40, 3000, 61)), denied=tuple(range(17, 3000, 500))),
)
WATCHED = Run(targets=60, failing=(5, 16, 45), denied=(37,), pace=1.5, parallel=10)


def main() -> int:
    """1 where a page is over its bounds, 2 where there is no Chromium."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        print("pictures: no Chromium: on Debian, apt-get install chromium fonts-inter")
        return 2
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    FOLDER.mkdir(exist_ok=True)
    kept = True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        with prepared(WATCHED) as (folder, environ):
            screens.terminal(browser, folder, environ, FOLDER)
            screens.log(browser, folder, environ, FOLDER)
        for run in RUNS if sys.argv[1:] != ["screens"] else ():
            with reported(run) as page:
                take(browser, page, f"report-{run.targets}")
                kept = measured(browser, page, run) and kept
        browser.close()
    return 0 if kept else 1


@contextmanager
def prepared(run: Run) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder and an environment in which `rolecall run` is that run."""
    with tempfile.TemporaryDirectory() as name, ScriptedSts() as sts:
        folder = Path(name)
        for tool in ("npm", "npx", "aws"):
            (folder / tool).write_text(_TOOL)
            (folder / tool).chmod(0o755)
        for number in run.denied:
            role = f"arn:aws:iam::{run.account(number)}:role/crossaccount-deploy"
            sts.always(run.account(number), answers.access_denied(role))
        yield folder, _environ(run, folder, sts.url)


@contextmanager
def reported(run: Run) -> Iterator[Path]:
    """The report.html of a run."""
    with prepared(run) as (folder, environ):
        done = subprocess.run(
            ["rolecall", "run"], env=environ, cwd=folder, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode != 1:
            raise SystemExit(f"pictures: rolecall ended with {done.returncode}, not with 1")
        yield folder / "rolecall-report" / "report.html"


def _environ(run: Run, folder: Path, url: str) -> dict[str, str]:
    targets = [
        f"{run.name(n)}=arn:aws:iam::{run.account(n)}:role/crossaccount-deploy"
        for n in range(run.targets)
    ]
    (folder / "targets.txt").write_text("\n".join(targets))
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up-secret-key",
        "AWS_REGION": "eu-central-1",
        "PACE": str(run.pace),
        "FAILING": " ".join(run.name(number) for number in run.failing),
        "ROLECALL_TARGETS": "file:targets.txt",
        "ROLECALL_COMMANDS": _COMMANDS,
        "ROLECALL_ON_FAILURE": "continue",
        "ROLECALL_MAX_PARALLEL": str(run.parallel),
        "ROLECALL_WAVES": run.waves,
        # A role that denies would else be the end of it.
        "ROLECALL_PREFLIGHT": str(not run.denied).lower(),
    }


def take(browser: Browser, report: Path, name: str) -> None:
    """Pictures at the width of a desk and of a hand; of long reports the targets' part too."""
    for suffix, viewport, scheme in (
        ("", DESKTOP, "light"),
        ("-dark", DESKTOP, "dark"),
        ("-phone", PHONE, "light"),
    ):
        page = browser.new_page(viewport=viewport, color_scheme=scheme)
        page.goto(report.as_uri())
        _shoot(page, f"{name}{suffix}")
        page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
        page.evaluate("document.getElementById('targets').scrollIntoView()")
        if suffix != "-dark":
            _shoot(page, f"{name}{suffix}-targets")
        page.close()


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


def measured(browser: Browser, report: Path, run: Run) -> bool:
    """Prints size, first paint and the slowest filter; whether all are within their bounds."""
    size = report.stat().st_size
    paints, filters = [], []
    for _ in range(_REPEATS):
        page = browser.new_page(viewport=DESKTOP)
        page.goto(report.as_uri())
        paints.append(page.evaluate(_FIRST_PAINT))
        filters.append(max(page.evaluate(_FILTER, each) for each in _FILTERS))
        page.close()
    paint, filtered = statistics.median(paints), statistics.median(filters)
    print(
        f"report.html, {run.targets:,} targets: {size / 1e6:.2f} MB, first paint {paint:.0f} ms,"
        f" slowest filter {filtered:.0f} ms",
        flush=True,
    )
    return size < MOST_BYTES and paint < MOST_PAINT_MS and filtered < MOST_FILTER_MS


_FIRST_PAINT = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint")) done(entry.startTime);
  }).observe({ type: "paint", buffered: true });
})"""
# A search in the logs, its end, the failed alone, all again, one account.
_FILTERS = (
    ["#find", "CNAMEs"],
    ["#find", ""],
    ["[name=state][value=bad]", None],
    ["[name=state][value=bad]", None],
    ["#account", "2109"],
)
# From what the user does to the frame that shows it.
_FILTER = """([selector, text]) => new Promise((done) => {
  const input = document.querySelector(selector);
  const begun = performance.now();
  if (text === null) input.click();
  else { input.value = text; input.dispatchEvent(new Event("input", { bubbles: true })); }
  requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => done(performance.now() - begun);
    painted.port2.postMessage(null);
  });
})"""


if __name__ == "__main__":
    sys.exit(main())
