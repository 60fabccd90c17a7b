"""`rolecall run` at a terminal, with the screen read as a person sees it."""

from __future__ import annotations

import os
import re
import signal

import pytest

from support.command import ROLECALL
from support.watched import Watched

DONE = re.compile(r"\d+ of \d+ done in")


def many(count, name="t{}"):
    return " ".join(
        f"{name.format(n)}=arn:aws:iam::{n:012}:role/deploy" for n in range(1, count + 1)
    )


@pytest.fixture
def watch(rolecall, tmp_path):
    """Starts a run at a terminal. Each target waits for a file `go-NAME`, or for `go`."""

    def start(count=6, *, columns=80, rows=24, names="t{}", commands="", **extra):
        environ = rolecall.environ(
            {
                "TERM": "xterm-256color",
                "ROLECALL_TARGETS": many(count, names),
                "ROLECALL_MAX_PARALLEL": "3",
                "ROLECALL_WORKSPACE": "shared",  # where the files are that they wait for
                "ROLECALL_ON_FAILURE": "continue",
                "ROLECALL_COMMANDS": commands or WAIT,
                **extra,
            }
        )
        environ = {name: value for name, value in environ.items() if value != "unset"}
        return Watched(
            [ROLECALL, "run"], folder=tmp_path, environ=environ, columns=columns, rows=rows
        )

    return start


WAIT = """
echo "$ROLECALL_TARGET says hello"
until test -e go || test -e "go-$ROLECALL_TARGET"; do sleep .2; done
case " $WRONG " in *" $ROLECALL_TARGET "*) echo broken; exit 3;; esac
echo "$ROLECALL_TARGET is done"
"""


def running(count):
    return lambda seen: f"{count} running" in seen.text


def test_the_screen_shows_how_each_target_stands(watch, tmp_path):
    with watch(WRONG="t2", ROLECALL_WAVES="2,rest") as seen:
        seen.until(lambda seen: "t2 says hello" in seen.text and "2 running" in seen.text)
        assert re.search(r"0 of 6 done in \d", seen.text)
        assert "Wave 1 of 2  2 running  4 waiting" in seen.lines
        assert re.search(r"^t1  running +\d\.\d s  t1 says hello$", seen.text, re.MULTILINE)
        assert re.search(r"^t6  waiting$", seen.text, re.MULTILINE)
        (tmp_path / "go-t1").touch()
        seen.until(lambda seen: "1 of 6 done" in seen.text)
        assert re.search(r"1 of 6 done in .* s, about .* left", seen.text)
        (tmp_path / "go-t2").touch()
        seen.until(running(3))
        assert "Wave 2 of 2  1 failed  3 running  1 waiting  1 succeeded" in seen.lines
        assert re.search(r"^t2  failed +\d\.\d s  exit code 3: echo ", seen.text, re.MULTILINE)
        assert seen.colours("failed ") >= {"red"}
        (tmp_path / "go").touch()
        assert seen.end() == 1


def test_what_remains_is_the_log_as_it_is_without_a_terminal(watch, rolecall, tmp_path):
    (tmp_path / "go").touch()
    with watch(
        WRONG="t2", NO_COLOR="1", ROLECALL_BEFORE="echo first", ROLECALL_AFTER="echo last"
    ) as seen:
        assert seen.end() == 1
        left = seen.scrolled
        assert not seen.cursor_hidden
        assert not any(map(DONE.search, left))
    plain = rolecall.run(
        WAIT,
        WRONG="t2",
        ROLECALL_TARGETS=many(6),
        ROLECALL_WORKSPACE="shared",
        ROLECALL_MAX_PARALLEL="3",
        ROLECALL_ON_FAILURE="continue",
        ROLECALL_BEFORE="echo first",
        ROLECALL_AFTER="echo last",
    )
    assert sorted(map(_timeless, left)) == sorted(map(_timeless, plain.out.splitlines()))
    assert b"\033[31m" not in seen.raw


def _timeless(line):
    return re.sub(r"\d+\.\d s", "0.0 s", line)


@pytest.mark.parametrize(
    "extra", [{"TERM": "dumb"}, {"ROLECALL_LOG_FORMAT": "console"}, {"ROLECALL_MAX_PARALLEL": "1"}]
)
def test_lines_alone_are_written_where_more_is_not_wanted(watch, tmp_path, extra):
    (tmp_path / "go").touch()
    with watch(**extra) as seen:
        assert seen.end() == 0
    assert b"done in" not in seen.raw
    assert b"\033[?" not in seen.raw


@pytest.mark.parametrize("key", ["\x03", None])
def test_after_an_interruption_the_terminal_is_as_it_was(watch, key):
    with watch() as seen:
        seen.until(running(3))
        if key:
            seen.type(key)
        else:
            os.kill(seen.process.pid, signal.SIGTERM)
        assert seen.end() == (130 if key else 143)
        assert not seen.cursor_hidden
        assert not any(map(DONE.search, seen.scrolled))
        assert "3 not run: interrupted" in seen.text


def test_the_screen_says_what_is_ended_while_it_still_runs(watch):
    with watch(commands=f"trap '' INT\n{WAIT}") as seen:
        seen.until(lambda seen: "t3 says hello" in seen.text and "3 running" in seen.text)
        seen.type("\x03")
        seen.until(lambda seen: "3 running  3 waiting  nothing more begins" in seen.text)
        assert "interrupted by SIGINT: ending 3 targets, up to 10 s (GRACE)" in seen.text
        seen.type("\x03")
        assert seen.end() == 130
        said = "interrupted by SIGINT again: killing 3 targets"
        assert said in "\n".join([*seen.scrolled, seen.text])


def test_a_kill_leaves_no_hidden_cursor(watch, tmp_path):
    with watch(ROLECALL_GRACE="1s") as seen:
        seen.until(running(3))
        seen.process.kill()
        (tmp_path / "go").touch()
        seen.end()
        assert not seen.cursor_hidden
    for left in (tmp_path / "tmp").rglob("*"):
        if left.is_file():
            left.unlink()


def test_the_region_follows_the_window_s_size(watch, tmp_path):
    with watch(columns=120, rows=40) as seen:
        seen.until(running(3))
        seen.resize(40, 16)
        seen.until(
            lambda seen: (
                sum(map(bool, map(DONE.search, seen.lines))) == 1 and "says" not in seen.lines[-2]
            )
        )
        assert max(map(len, seen.lines)) <= 40
        seen.resize(100, 30)
        (tmp_path / "go-t1").touch()
        seen.until(lambda seen: "1 of 6 done" in seen.text)
        assert len(list(filter(None, map(DONE.search, seen.lines)))) == 1
        (tmp_path / "go").touch()
        assert seen.end() == 0
        assert not any(map(DONE.search, seen.scrolled))


def test_of_sixty_targets_what_runs_and_what_failed_is_shown(watch, tmp_path):
    wrong = " ".join(f"t{n}" for n in range(1, 13))
    with watch(60, WRONG=wrong, ROLECALL_MAX_PARALLEL="20") as seen:
        for name in wrong.split():
            (tmp_path / f"go-{name}").touch()
        seen.until(lambda seen: "12 failed  20 running  28 waiting" in seen.text)
        region = seen.lines[next(n for n, line in enumerate(seen.lines) if DONE.search(line)) :]
        states = [found[1] for line in region if (found := re.match(r"t\d+ +(\w+) ", line))]
        assert states == ["running"] * states.count("running") + ["failed"] * states.count("failed")
        assert states.count("running") >= 6
        assert states.count("failed") >= 3
        assert re.search(r"^… and \d+ more running$", seen.text, re.MULTILINE)
        assert re.search(r"^… and \d+ more failed before$", seen.text, re.MULTILINE)
        assert not any(map(DONE.search, seen.lines[:7]))
        (tmp_path / "go").touch()
        assert seen.end() == 1


def test_forty_columns_are_enough(watch, tmp_path):
    with watch(columns=40, names="a-name-that-is-long-{}", ROLECALL_WAVES="4,rest") as seen:
        seen.until(running(3))
        assert re.search(r"^a-name\S*…? +running +\d\.\d s", seen.text, re.MULTILINE)
        (tmp_path / "go").touch()
        assert seen.end() == 0


def test_wide_characters_are_cut_where_the_line_ends(watch, tmp_path):
    script = "printf '本番環境%.0s' $(seq 50); echo; until test -e go; do sleep .2; done"
    with watch(commands=script) as seen:
        wide = re.compile(r"^t\d  running +\d\.\d s  [本番環境]{20,}…$", re.MULTILINE)
        seen.until(lambda seen: len(wide.findall(seen.text)) == 3)
        (tmp_path / "go").touch()
        assert seen.end() == 0
        assert not any(map(DONE.search, seen.scrolled))


def test_what_steers_a_terminal_does_not_come_from_commands(watch, tmp_path):
    script = r"printf '\033[2J\033[H\033[31mscarlet\033[0m\033[?25l\033]0;title\007\a\n'" + WAIT
    with watch(commands=script) as seen:
        seen.until(running(3))
        seen.until(lambda seen: "t3 | scarlet" in seen.text)
        assert not seen.cursor_hidden
        assert seen.colours("scarlet") == {"red"}
        (tmp_path / "go").touch()
        assert seen.end() == 0
        assert sum(line.endswith("| scarlet") for line in seen.scrolled) == 6
