"""Runs in the image: results, signals, users, file systems that can't be written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time

import pytest

from support import answers, engine
from support.command import ROLECALL, SOURCE_KEYS, TARGETS
from support.onlooker import look, seen

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
WILLING = "trap 'echo got TERM; exit 0' TERM; echo ready; while :; do sleep 0.1; done"
READ_ONLY = ("--read-only", "--cap-drop", "ALL")
LOOK = look([SOURCE_KEYS["AWS_ACCESS_KEY_ID"], SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"]])
STAMP = "date +%s.%N > stamp"


def test_every_target_is_deployed_to_and_the_report_is_in_the_sources(image, sts):
    (image.folder / "VERSION").write_text("42")
    script = 'echo "$(cat VERSION) in $ROLECALL_TARGET"'
    done = image(ROLECALL_COMMANDS=script)
    assert done.code == 0, done.out + done.err
    assert "42 in dev" in done.out
    assert done.statuses == ["succeeded"] * 3
    assert not [secret for secret in sts.secrets if secret in done.everything]


def test_a_command_that_fails_is_the_container_s_exit_code(image):
    done = image("run", ROLECALL_COMMANDS='test "$ROLECALL_TARGET" != tst')
    assert done.code == 1
    assert done.statuses == ["succeeded", "failed", "not run"]


def test_a_role_that_denies_is_exit_code_4(image, sts):
    sts.always("333333333333", answers.error("AccessDenied", "not for you"))
    assert image("run", ROLECALL_COMMANDS="true").code == 4


@pytest.mark.parametrize(
    ("script", "grace", "within"), [(WILLING, "20s", (0, 8)), (STUBBORN, "2s", (1.9, 9))]
)
def test_docker_stop_ends_a_run_within_grace_and_the_report_is_written(
    image, background, script, grace, within
):
    container = background(image, "run", ROLECALL_COMMANDS=script, ROLECALL_GRACE=grace)
    engine.wait_for(container, "\nready")
    begun = time.monotonic()
    engine.docker("stop", "--time", "30", container)
    seconds = time.monotonic() - begun
    state = engine.docker("inspect", "--format", "{{.State.ExitCode}}", container).stdout.strip()
    assert state == "143"
    report = json.loads((image.folder / "rolecall-report/report.json").read_text())
    assert report["signal"] == 15
    assert [each["status"] for each in report["results"]] == ["failed", "not run", "not run"]
    assert within[0] <= seconds < within[1]
    left = engine.docker("diff", container).stdout
    assert "rolecall-" not in left.replace("/work/rolecall-report", "")


@pytest.mark.parametrize("user", ["0:0", "1234:1234", "65534"])
def test_any_user_will_do_with_a_read_only_file_system_and_a_tmpfs(image, user):
    options = (*READ_ONLY, "--tmpfs", "/tmp", "--user", user)
    script = "id -u; aws sts get-caller-identity --query Arn --output text"
    done = image("run", options=options, ROLECALL_COMMANDS=script)
    assert done.code == 0, done.out + done.err
    assert "arn:aws:sts::222222222222:assumed-role/deploy/" in done.out
    report = image.folder / "rolecall-report"
    assert str(report.stat().st_uid) == user.partition(":")[0]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--user", "1234:1234"),
        ("--cap-drop", "ALL"),
        (*READ_ONLY, "--tmpfs", "/tmp", "--user", "65534"),
    ],
)
@pytest.mark.parametrize("words", [(), ("run",), ("rolecall", "run")])
def test_no_process_in_the_container_tells_the_source_s_keys(image, options, words):
    done = image(*words, options=options, ROLECALL_COMMANDS=LOOK)
    assert done.code == 0, done.out + done.err
    assert "keys readable" not in done.out + done.err
    found = seen(done.out)
    assert [each.told for each in found] == [[], [], []]
    for each in found:
        assert {(1, "environ"), (1, "mem")} <= each.closed
        # Process 1 and the one that does the job.
        assert len([number for number, part in each.closed if part == "environ"]) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--init",), ("run",)),
        (("--cap-add", "SYS_PTRACE"), ("run",)),
        ((), ("bash", "-c", "rolecall run; exit $?")),
    ],
)
def test_where_process_1_tells_the_source_s_keys_that_is_said(image, options, words):
    done = image(*words, options=options, ROLECALL_COMMANDS=LOOK)
    assert done.code == 0, done.out + done.err
    found = seen(done.out)
    first = found[0].names[1]
    assert all((first, "environ") in each.told for each in found)
    said = f'warning: keys readable: process="1 ({first})" remedy="commands can read'
    assert said in " ".join(done.out.split())


def test_what_commands_leave_behind_is_reaped(image):
    script = (
        "(setsid sh -c 'echo $$ > orphan' &); until [ -s orphan ]; do sleep 0.05; done;"
        "while [ -e /proc/$(cat orphan) ]; do sleep 0.05; done; rm orphan; echo reaped"
    )
    done = image("run", ROLECALL_COMMANDS=script, ROLECALL_COMMAND_TIMEOUT="20s")
    assert done.code == 0, done.out + done.err
    assert done.out.count("\nreaped\n") == 3


def test_a_user_without_a_name_needs_no_mount_at_all(image):
    words = image.words("run", options=("--user", "1234"), ROLECALL_COMMANDS="true")
    at = words.index("--volume")
    done = engine.docker(*words[:at], *words[at + 2 :])
    assert "3 succeeded" in done.stdout


def test_a_file_system_without_a_temporary_folder_is_told_with_its_remedy(image, sts):
    done = image("run", options=(*READ_ONLY, "--user", "1234"), ROLECALL_COMMANDS="true")
    assert done.code == 2
    assert "cannot write /tmp (Read-only file system)" in done.message
    assert "docker run --tmpfs /tmp" in done.message
    assert "Traceback" not in done.err
    assert sts.calls == []


@pytest.mark.parametrize("made_before", [True, False])
def test_sources_that_cannot_be_written_need_another_report_folder(image, sts, made_before):
    if made_before:
        (image.folder / "rolecall-report").mkdir()
    options = ("--volume", f"{image.folder}:/ro:ro", "--workdir", "/ro")
    done = image("run", options=options, ROLECALL_COMMANDS="true")
    assert done.code == 2
    assert re.search("ROLECALL_REPORT_DIR: /ro.* cannot be written", done.message)
    assert sts.calls == []
    done = image(
        "run", options=options, ROLECALL_COMMANDS="true", ROLECALL_REPORT_DIR="/tmp/report"
    )
    assert done.code == 0, done.err


def test_the_first_command_starts_as_soon_as_outside_of_a_container(image, tmp_path):
    """At most 1.5 times as long, counted from when a container's first process starts."""
    one = {"ROLECALL_TARGETS": TARGETS.split()[0], "ROLECALL_COMMANDS": STAMP}
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    environ = {**clean, **image.variables, **one, "TMPDIR": str(tmp_path)}

    def seconds(*command):
        begun = time.time()
        subprocess.run(command, check=True, capture_output=True, cwd=image.folder, env=environ)
        return float((image.folder / "stamp").read_text()) - begun

    start, inside, outside = [], [], []
    # The shortest of each: on a busy machine it takes some turns until none was disturbed.
    for turn in range(20):
        start.append(seconds("docker", *image.words("sh", "-c", STAMP)))
        inside.append(seconds("docker", *image.words("run", **one)))
        outside.append(seconds(ROLECALL, "run"))
        ratio = (min(inside) - min(start)) / min(outside)
        if turn >= 4 and ratio <= 1.5:
            break
    print(f"first command after {min(inside):.2f} s, a container's start {min(start):.2f} s,")
    print(f"outside {min(outside):.2f} s: {ratio:.2f} times")
    assert ratio <= 1.5
