"""Each form of a report tells what it is of, and who called; nothing waits for that."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import rolecall as package
from support import answers

CODEBUILD = {
    "CODEBUILD_BUILD_ID": "deploy:b1e6661e",
    "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:111111111111:build/deploy:b1e6661e",
    "CODEBUILD_RESOLVED_SOURCE_VERSION": "0123456789abcdef0123000000abcdef01234567",
    "CODEBUILD_BUILD_IMAGE": "registry.example/rolecall:1",
    "ROLECALL_EXECUTION_ID": "e1",
}
OF = (
    "deploy:b1e6661e",
    "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/111111111111/projects/deploy/",
    "e1",
    "0123456789abcdef0123000000abcdef01234567",
    "arn:aws:iam::111111111111:user/hub",
    "registry.example/rolecall:1",
    package.__version__,
)


def test_every_form_of_a_report_tells_what_it_is_of(rolecall):
    done = rolecall.run("true", **CODEBUILD)
    assert done.code == 0, done.out
    [origin] = done.report["origins"]
    assert list(origin.values())[:1] == ["deploy:b1e6661e"]
    folder = done.folder / "rolecall-report"
    forms = [(folder / name).read_text() for name in ("report.html", "summary.md", "junit.xml")]
    forms += [rolecall("report").out, str(origin)]
    assert [(word, n) for n, form in enumerate(forms) for word in OF if word not in form] == []
    # A build's log is where all of that stands already.
    assert "0123456789abcdef" not in done.out
    suite = ET.fromstring(forms[2]).find("testsuite")
    assert {"build_id", "commit"} < {p.get("name") for p in suite.iter("property")}


def test_who_calls_is_asked_once_a_run(rolecall, sts):
    assert rolecall.run("true").report["origins"][0]["caller"] == sts.caller
    asked = [call for call in sts.calls if call.action == "GetCallerIdentity"]
    assert len(asked) == 1


def test_an_sts_that_does_not_say_who_calls_holds_up_and_fails_nothing(rolecall, sts):
    def judge(call):
        return answers.error("Denied", "no") if call.action == "GetCallerIdentity" else None

    sts.judge = judge
    done = rolecall.run("true")
    assert done.code == 0, done.out
    assert done.report["origins"][0]["caller"] == ""
    assert "GetCallerIdentity" not in done.everything


def test_a_run_that_reaches_no_role_asks_nobody(rolecall, sts):
    known = {"ROLECALL_STATE": "state", "ROLECALL_RUN_ID": "1"}
    rolecall.run("true", **known)
    sts.calls.clear()
    again = rolecall.run("true", **known)
    assert (again.code, again.report["origins"][0]["caller"], sts.calls) == (0, "", [])


def test_a_report_s_text_begins_with_what_it_is_of_and_ends_as_the_log_does(rolecall):
    done = rolecall.run("true", **CODEBUILD)
    head, _, text = rolecall("report").out.partition("\n\n")
    assert re.match(r"Build: deploy:b1e6661e \(https://\S+\)\nPipeline execution: e1\n", head)
    assert head.endswith(f"\nrolecall: {package.__version__}")
    assert text.startswith("target ")
    assert text in done.out
