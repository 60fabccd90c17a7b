"""The file with each target's output: `rolecall run`, `report`, `merge`."""

from __future__ import annotations

import json
import stat
import subprocess

import pytest

from support import logs_page
from support.command import ACCOUNTS, SOURCE_KEYS, Command

NAMES = ("dev", "tst", "prd")


def logs(done):
    folder = done.folder / "rolecall-report/logs"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_target_has_what_it_printed_and_nothing_else(rolecall):
    done = rolecall.run(
        json.dumps(["printf 'a\\rb\\n\\377'; echo $ROLECALL_TARGET >&2", "echo then"]),
        ROLECALL_MAX_PARALLEL="3",
        ROLECALL_BEFORE="echo first",
        ROLECALL_AFTER="echo last",
    )
    assert done.code == 0, done.out
    assert logs(done) == {
        "before.log": b"first\n",
        **{
            f"{name}-eu-central-1.log": b"a\rb\n\xff" + name.encode() + b"\nthen\n"
            for name in NAMES
        },
        "after.log": b"last\n",
    }
    assert [r["log"] for r in done.report["results"]] == [
        f"logs/{name}-eu-central-1.log" for name in NAMES
    ]
    assert (done.report["before"]["log"], done.report["after"]["log"]) == (
        "logs/before.log",
        "logs/after.log",
    )


def test_logs_are_masked_and_their_owner_s_alone(rolecall):
    done = rolecall.run("cat $(dirname $AWS_CONFIG_FILE)/session.json; echo $AWS_ACCESS_KEY_ID ok")
    for path in (done.folder / "rolecall-report/logs").iterdir():
        text = path.read_text()
        assert "***" in text
        assert SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"] not in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((done.folder / "rolecall-report/logs").stat().st_mode) == 0o700


def test_what_failed_names_its_log_wherever_it_is_told(rolecall):
    done = rolecall.run("echo wrong; exit 7")
    path = "logs/dev-eu-central-1.log"
    assert f"  The whole log: rolecall-report/{path}\n" in done.out
    folder = done.folder / "rolecall-report"
    assert f"The whole log: `{path}`" in (folder / "summary.md").read_text()
    page = (folder / "report.html").read_text()
    assert f'<a href="{path}">The whole log</a>' in page
    assert [r["log"] for r in done.report["results"]] == [path, None, None]


def test_names_that_differ_in_case_alone_have_a_file_each(rolecall):
    targets = " ".join(
        f"{name}=arn:aws:iam::{account}:role/deploy"
        for name, account in zip(("Dev", "dev", "..dev"), ACCOUNTS, strict=True)
    )
    done = rolecall.run("echo $ROLECALL_TARGET", ROLECALL_TARGETS=targets)
    assert logs(done) == {
        "Dev-eu-central-1.log": b"Dev\n",
        "dev-eu-central-1-2.log": b"dev\n",
        "dev-eu-central-1-3.log": b"..dev\n",
    }


def test_logs_of_an_earlier_run_are_gone_and_other_files_stay(rolecall):
    rolecall.run("echo one")
    folder = rolecall.folder / "rolecall-report/logs"
    (folder / "mine.log").write_text("mine")
    target = "only=arn:aws:iam::222222222222:role/deploy"
    done = rolecall.run("echo two", ROLECALL_TARGETS=target)
    assert logs(done) == {"mine.log": b"mine", "only-eu-central-1.log": b"two\n"}


def test_no_log_is_written_through_a_link(rolecall, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("kept")
    folder = tmp_path / "rolecall-report"
    folder.mkdir()
    (folder / "logs").symlink_to(elsewhere)
    done = rolecall.run("echo x")
    assert (done.code, "logs is no folder" in done.message) == (2, True), done.err
    (folder / "logs").unlink()
    # A command may put links there as well, while others are still to come.
    link = f"""
    if test $ROLECALL_TARGET = dev; then
      ln -s {elsewhere}/precious rolecall-report/logs/tst-eu-central-1.log
    elif test $ROLECALL_TARGET = tst; then
      rm -r rolecall-report/logs; ln -s {elsewhere} rolecall-report/logs
    fi
    echo $ROLECALL_TARGET
    """
    done = rolecall.run(link)
    assert done.code == 0, done.out
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert (elsewhere / "precious").read_text() == "kept"
    assert done.out.count("log not written") == 1
    assert "prd-eu-central-1.log" in done.out


def test_a_full_disk_ends_a_log_and_not_the_run(rolecall, tmp_path):
    script = "ulimit -f 64; trap '' XFSZ; exec rolecall run"
    commands = "for n in $(seq 300); do printf '%d %299s\\n' $n .; done"
    finished = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=rolecall.environ({"ROLECALL_COMMANDS": commands, "ROLECALL_LOG_FORMAT": "json"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    events = [json.loads(line) for line in finished.stdout.splitlines()]
    assert sum(event.get("line", "").startswith("300 ") for event in events) == 3
    [said] = [event for event in events if event["event"] == "log_not_written"]
    assert set(said) == {"event", "level", "timestamp", *logs_page.events()["log_not_written"]}
    assert said["path"].endswith("/logs/dev-eu-central-1.log")


def test_merged_reports_have_the_logs_of_all(rolecall, tmp_path):
    builds = []
    for number in (1, 2, 3):
        folder = tmp_path / f"build-{number}"
        folder.mkdir()
        one = Command(folder=folder, url=rolecall.url)
        done = one.run("echo $ROLECALL_TARGET; false", ROLECALL_SHARD=f"{number}/3")
        assert done.code == 1
        builds.append(done)
    (tmp_path / "build-2/rolecall-report/logs/tst-eu-central-1.log").unlink()
    (tmp_path / "build-3/rolecall-report/logs/prd-eu-central-1.log").unlink()
    (tmp_path / "build-3/rolecall-report/logs/prd-eu-central-1.log").symlink_to("/etc/passwd")
    for _ in range(2):
        done = rolecall("merge", "build-*")
        assert done.code == 1, done.err
        assert logs(done) == {"dev-eu-central-1.log": b"dev\n"}
        assert [r["log"] for r in done.report["results"]] == [
            "logs/dev-eu-central-1.log",
            None,
            None,
        ]
    done = rolecall("merge", "rolecall-report", "--out", "other")
    assert (tmp_path / "other/logs/dev-eu-central-1.log").read_bytes() == b"dev\n"


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "logs/../x.log", "javascript:1"]
)
def test_a_report_from_elsewhere_cannot_name_other_files(rolecall, path):
    done = rolecall.run("false")
    report = done.folder / "rolecall-report/report.json"
    text = report.read_text().replace("logs/dev-eu-central-1.log", path)
    report.write_text(text)
    page = rolecall("report", "--format", "html").out
    assert path in text
    assert "The whole log" not in page
