"""docs/troubleshooting.md: each message that it shows is what rolecall says when that happens."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from support import answers
from support.sts import ScriptedSts

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text("utf-8")
SECTIONS = {
    re.sub(r"[^\w -]", "", title).lower().replace(" ", "-"): text
    for title, text in re.findall(r"^##+ (.*?)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
TST, PRD = (f"arn:aws:iam::{digit * 12}:role/deploy" for digit in "34")
TARGETS = f"tst={TST} prd={PRD}"
HUB = "arn:aws:sts::111111111111:assumed-role/rolecall-codebuild/build"
# What the text of a section says of itself alone; the rest show a message.
NO_MESSAGE = {"role-made-just-now"}
UNDER_WAY = {"renewal-failed", "interrupted", "a-bug"}


def denied(action="sts:AssumeRole", why=""):
    text = f"User: {HUB} is not authorized to perform: {action} on resource: {PRD}{why}"
    return answers.error("AccessDenied", text, 403)


def said(code, message):
    return answers.error(code, message, 403)


EXPIRED = said("ExpiredToken", "The security token included in the request is expired")
INVALID = said("InvalidClientTokenId", "The security token included in the request is invalid.")
TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
INACTIVE = (
    "STS is not activated in this region for account:444444444444. Your account administrator can"
    " activate STS in this region using the IAM Console."
)
BEHIND = (
    "Signature expired: 20261126T094500Z is now earlier than 20261126T100500Z"
    " (20261126T102000Z - 15 min.)"
)
SCP = " with an explicit deny in a service control policy"
# What STS says of both roles, or of the second one alone.
BOTH = {
    "credentials-expired": EXPIRED,
    "credentials-invalid": INVALID,
    "clock-wrong": said("SignatureDoesNotMatch", BEHIND),
    "answer-not-understood": answers.MALFORMED,
}
SECOND = {
    "access-denied": denied(),
    "external-id": denied(),
    "session-tags": denied("sts:TagSession"),
    "source-identity": denied("sts:SetSourceIdentity"),
    "service-control-policy": denied(why=SCP),
    "session-too-long": answers.error("ValidationError", TOO_LONG),
    "session-policy-refused": answers.error(
        "PackedPolicyTooLarge", "Packed size of session tags consumes 102% of allotted space."
    ),
    "wrong-account": answers.wrong_account("999999999999"),
    "sts-not-active": said("RegionDisabledException", INACTIVE),
    "throttled": answers.THROTTLE,
    "preflight-failed": denied(),
}
# The variables with which each happens, beside what STS says.
GIVEN = {
    "configuration-mistakes": {
        "ROLECALL_MAX_PARALEL": "4",
        "ROLECALL_ON_FAILURE": "halt",
        "ROLECALL_TARGETS": "tst=arn:aws:iam::33333333333:role/deploy",
    },
    "pipeline-variable-not-resolved": {"ROLECALL_COMMANDS": "#{variables.DeployCommands}"},
    "account-not-allowed": {"ROLECALL_ALLOWED_ACCOUNTS": "333333333333"},
    "name-not-clear": {
        "ROLECALL_TARGETS": (
            f"555555555555={PRD} 333333333333={TST} tst=arn:aws:iam::333333333333:role/other"
        ),
        "ROLECALL_ONLY": "333333333333",
    },
    "nothing-to-do": {"ROLECALL_TARGETS": ""},
    "list-or-organisation-not-read": {"ROLECALL_TARGETS": "file:targets.txt"},
    "state-not-had": {"ROLECALL_STATE": "state"},
    "list-changed": {"ROLECALL_SHARD": f"1/2@3{'-00000000' * 5}"},
    "no-credentials": {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_EC2_METADATA_DISABLED": "true",
    },
    "aws-file-not-taken": {"AWS_CONFIG_FILE": "aws-config"},
    "credentials-not-had": {"AWS_CREDENTIAL_EXPIRATION": "2020-01-31T12:00:00Z"},
    "external-id": {"ROLECALL_EXTERNAL_ID": "4711"},
    "session-tags": {"ROLECALL_TAGS": "Build=42"},
    "source-identity": {"ROLECALL_SOURCE_IDENTITY": "pipeline"},
    "region-not-enabled": {"ROLECALL_REGIONS": "eu-central-1 eu-south-2"},
    "region-not-known": {"ROLECALL_REGIONS": "eu-cental-1", "ROLECALL_COMMANDS": "exit 1"},
    "throttled": {"ROLECALL_RETRY_MAX_WAIT": "1s"},
    "answer-not-understood": {"ROLECALL_RETRY_ATTEMPTS": "2"},
    "aws-unreachable": {
        "ROLECALL_RETRY_ATTEMPTS": "2",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    },
    "command-failed": {
        "ROLECALL_COMMANDS": '["echo building", "cat no-such-file", "echo deployed"]'
    },
    "value-not-hidden": {
        "ROLECALL_MASK": "API_TOKN PIN",
        "PIN": "1234",
        "ROLECALL_COMMANDS": "exit 1",
    },
    "timed-out": {"ROLECALL_COMMANDS": "sleep 60", "ROLECALL_COMMAND_TIMEOUT": "1s"},
}
NO_ASSUMING = {"plan-differs", "report-not-written", "report-not-read", "no-working-copy"}
CASES = sorted(set(SECTIONS) - NO_MESSAGE - UNDER_WAY)


@pytest.fixture
def sts():
    with ScriptedSts(caller=HUB) as server:
        yield server


def settled(text, folder):
    text = text.replace(str(folder), "/work")
    text = re.sub(r"http://127\.0\.0\.1:\d{4,}", "http://127.0.0.1:PORT", text)
    text = re.sub(r" wait_seconds=[\d.]+", "", text)
    text = re.sub(r"tried \d+ times", "tried N times", text)
    return " ".join(re.sub(r"\b\d+\.\d s\b", "TIME", text).split())


def assert_shown(section, done):
    shown = re.findall(r"^```text\n(.*?)^```$", SECTIONS[section], re.MULTILINE | re.DOTALL)
    assert shown
    said = settled(f"{done.out}\n{done.err}", done.folder)
    for block in shown:
        assert settled(block, done.folder) in said


def full_disk(folder):
    """A PATH with a `cp` that finds no room, and so much to copy that it is asked."""
    for name in ("many", "bin"):
        (folder / name).mkdir()
    for number in range(150):
        (folder / f"many/{number}").touch()
    why = "cp: error writing '/tmp/many/7': No space left on device"
    (folder / "bin/cp").write_text(f'#!/bin/sh\necho "{why}" >&2; exit 1\n')
    (folder / "bin/cp").chmod(0o755)
    return f"{folder}/bin:{os.environ['PATH']}"


@pytest.mark.parametrize("section", CASES)
def test_what_a_section_shows_is_what_is_said(section, rolecall, sts):
    assert section in BOTH or section in SECOND or section in GIVEN or section in NO_ASSUMING
    if answer := BOTH.get(section):
        sts.always("role", answer)
    if answer := SECOND.get(section):
        sts.always("444444444444", answer)
    sts.disabled.add(("444444444444", "eu-south-2"))
    given = {"ROLECALL_COMMANDS": "echo deployed", "ROLECALL_TARGETS": TARGETS}
    words = ["run"]
    if section == "plan-differs":
        rolecall("plan", "--out", "plan.json", **{**given, "ROLECALL_TARGETS": f"tst={TST}"})
        words += ["--plan", "plan.json"]
    if section == "aws-file-not-taken":
        lines = ["[default]", "output = text", "[profile dev]", "region = eu-west-1", "Region = x"]
        (rolecall.folder / "aws-config").write_text("\n".join(lines))
    if section == "report-not-written":
        (rolecall.folder / "rolecall-report").write_text("in the way")
    if section == "report-not-read":
        words = ["report", "nope"]
    if section == "no-working-copy":
        given |= {"ROLECALL_WORKSPACE": "copy", "PATH": full_disk(rolecall.folder)}
    done = rolecall(*words, **{**given, **GIVEN.get(section, {})})
    assert done.code in (1, 2, 3, 4)
    assert_shown(section, done)


def test_an_interruption_is_told_as_the_page_shows(rolecall):
    commands = "touch begun; sleep 60"
    process = rolecall.start("run", ROLECALL_COMMANDS=commands, ROLECALL_TARGETS=TARGETS)
    rolecall.wait_for_file(process, "begun")
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert done.code == 143
    assert_shown("interrupted", done)


def test_a_renewal_that_fails_is_told_as_the_page_shows(rolecall, sts):
    sts.lifetime = 3
    sts.script("444444444444", answers.OK)
    sts.always("444444444444", EXPIRED)
    commands = "until [ -e enough ]; do sleep 0.05; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=commands, ROLECALL_TARGETS=f"prd={PRD}")
    assert process.stdout
    seen = ""
    while "session ended" not in seen:
        line = process.stdout.readline()
        assert line, seen
        seen += line
    # A try more, of which nothing is said.
    tries = len(sts.assumed())
    while len(sts.assumed()) == tries:
        assert process.poll() is None
        time.sleep(0.02)
    (rolecall.folder / "enough").touch()
    done = rolecall.finish(process)
    assert done.code == 0
    # Those of the page are of a session that lives for an hour.
    times = r"seconds_left=\d+ again_in=\d+\.\d"
    shown = re.sub(times, "TIMES", SECTIONS["renewal-failed"].split("```")[1].removeprefix("text"))
    said = settled(re.sub(times, "TIMES", seen + done.out), done.folder)
    assert "TIMES" in shown
    assert settled(shown, done.folder) in said
    assert said.count("warning: session ended: target=prd") == 1
    assert "seconds_left=0" not in said.partition("session ended")[2]


def test_a_bug_is_told_as_the_page_shows(rolecall):
    # A fault put into a module that the command loads, since no bug is known.
    fault = "import rolecall.cli.context as c\nc.Context.build = property(lambda self: 1 / 0)"
    done = rolecall.patched(fault)("plan", ROLECALL_COMMANDS="true")
    assert done.code == 70
    assert_shown("a-bug", done)


def test_the_index_leads_to_every_section():
    index = set(re.findall(r"\]\(#([\w-]+)\)", PAGE.split("\n## ")[0]))
    tops = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    }
    assert index == tops
