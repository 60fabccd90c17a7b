"""junit.xml: its form, its limits, its counts, and what must not be in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import xmlschema

from rolecall.report import cases, junit
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask, Secret

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "support" / "junit-10.xsd")
DONE = CommandResult(command="npm ci", status=Status.SUCCEEDED, exit_code=0, seconds=1.2345)
BROKEN = CommandResult(
    command="npx cdk deploy",
    status=Status.FAILED,
    exit_code=7,
    seconds=2,
    reason="exit code 7",
    tail=("one", "two"),
)


def result(status=Status.SUCCEEDED, name="dev", **more):
    known = {
        "target": name,
        "account_id": "222222222222",
        "role_arn": "arn:aws:iam::222222222222:role/deploy",
        "region": "eu-west-1",
    }
    return Result(**{**known, "status": status, **more})


def written(folder, outcome, commands=("npm ci",), mask=None):
    """The suite of the file that was written, checked against the schema and its own counts."""
    junit.write(folder, outcome, commands=commands, mask=mask or Mask())
    path = folder / "junit.xml"
    SCHEMA.validate(path)
    root = ET.parse(path).getroot()
    suite = root.find("testsuite")
    found = suite.findall("testcase")
    assert len(found) <= 500
    for counted, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(counted)) == sum(case.find(tag) is not None for case in found)
    assert int(suite.get("tests")) == int(root.get("tests")) == len(found)
    assert sum(map(int, map(suite.get, ("failures", "errors", "skipped")))) <= len(found)
    for case in found:
        assert len(case.get("name")) <= 1000
        assert len(outcomes(case)) <= 1
        assert len(case.findall("system-out")) <= 1
        assert sum(len(one.get("message", "") + (one.text or "")) for one in case) <= 5000
    assert list(folder.iterdir()) == [path]
    return suite


def outcomes(case):
    """What became of a case beside success, as elements."""
    return [one for one in case if one.tag != "system-out"]


def lines(suite):
    """Each case as `place | name | what became of it`."""
    return [
        f"{case.get('classname')} | {case.get('name')} | "
        + next((one.tag for one in outcomes(case)), "ok")
        for case in suite.findall("testcase")
    ]


def test_each_command_of_each_target_and_region_is_a_case(tmp_path):
    outcome = Outcome(
        results=(
            result(commands=(DONE, DONE)),
            result(region="us-east-1", commands=(DONE,)),
        )
    )
    suite = written(tmp_path, outcome)
    assert lines(suite) == [
        "dev eu-west-1 | npm ci | ok",
        "dev eu-west-1 | npm ci (2) | ok",
        "dev us-east-1 | npm ci | ok",
    ]
    assert [case.get("time") for case in suite.findall("testcase")] == ["1.234"] * 3


def test_a_failed_command_tells_its_exit_code_and_last_lines(tmp_path):
    left = CommandResult(command="x", status=Status.NOT_RUN, reason="a command before it failed")
    suite = written(
        tmp_path, Outcome(results=(result(Status.FAILED, commands=(DONE, BROKEN, left)),))
    )
    failure = suite.find(".//failure")
    assert (failure.get("message"), failure.get("type"), failure.text) == (
        "exit code 7",
        "failed",
        "one\ntwo",
    )
    assert suite.find(".//skipped").get("message") == "a command before it failed"


def test_a_role_not_assumed_is_an_error_and_its_commands_are_skipped(tmp_path):
    kept_out = result(Status.NOT_ASSUMED, reason="AccessDenied", remedy="mend the trust policy")
    suite = written(tmp_path, Outcome(results=(kept_out,)), commands=("a", "b"))
    assert lines(suite) == [
        "dev eu-west-1 | assume arn:aws:iam::222222222222:role/deploy | error",
        "dev eu-west-1 | a | skipped",
        "dev eu-west-1 | b | skipped",
    ]
    error = suite.find(".//error")
    assert (error.get("message"), error.text) == (
        "AccessDenied",
        "What to do: mend the trust policy\nMore: rolecall explain access-denied",
    )
    assert suite.find(".//skipped").get("message") == "its role could not be assumed"


def test_a_target_not_run_has_its_cases_with_the_reason(tmp_path):
    suite = written(
        tmp_path,
        Outcome(results=(result(Status.NOT_RUN, reason="an earlier target failed"),)),
        commands=("a", "b"),
    )
    assert lines(suite) == ["dev eu-west-1 | a | skipped", "dev eu-west-1 | b | skipped"]
    assert suite.find(".//skipped").get("message") == "an earlier target failed"


def test_a_target_that_could_not_be_prepared_is_a_failure(tmp_path):
    suite = written(tmp_path, Outcome(results=(result(Status.FAILED, reason="disk full"),)))
    assert lines(suite) == ["dev eu-west-1 | prepare | failure", "dev eu-west-1 | npm ci | skipped"]
    assert suite.find(".//failure").get("message") == "disk full"


def test_before_and_after_are_cases_too(tmp_path):
    own = {"account_id": "", "role_arn": "", "region": "", "commands": (DONE,)}
    outcome = Outcome(
        results=(result(commands=(DONE,)),),
        before=result(name="before", **own),
        after=result(name="after", **own),
    )
    assert [line.split(" | ")[0] for line in lines(written(tmp_path, outcome))] == [
        "before",
        "dev eu-west-1",
        "after",
    ]


def test_the_suite_s_properties_tell_the_run_and_the_roles(tmp_path):
    outcome = Outcome(results=(result(commands=(DONE,)),), signal_number=15, seconds=3.21)
    found = {p.get("name"): p.get("value") for p in written(tmp_path, outcome).iter("property")}
    assert found["role of dev eu-west-1"] == "arn:aws:iam::222222222222:role/deploy"
    assert (found["exit_code"], found["signal"], found["seconds"]) == ("143", "15", "3.21")
    assert (found["succeeded"], found["not_run"]) == ("1", "0")


def test_each_case_tells_its_account_role_and_region_in_its_output(tmp_path):
    own = {"account_id": "", "role_arn": "", "region": "", "commands": (DONE,)}
    before = (CommandResult(command="x", status=Status.SUCCEEDED_BEFORE),)
    outcome = Outcome(
        results=(
            result(commands=(DONE,)),
            result(Status.FAILED, region="us-east-1", commands=(BROKEN,)),
            result(Status.SUCCEEDED_BEFORE, reason="in an earlier try", commands=before),
            result(Status.NOT_ASSUMED, reason="AccessDenied"),
        ),
        before=result(name="before", **own),
    )
    none, done, broken, earlier, *kept_out = written(tmp_path, outcome).findall("testcase")
    told = [
        "[[PROPERTY|account=222222222222]]",
        "[[PROPERTY|role=arn:aws:iam::222222222222:role/deploy]]",
        "[[PROPERTY|region=eu-west-1]]",
    ]
    assert none.find("system-out") is None
    assert broken.findtext("system-out").endswith("\n[[PROPERTY|region=us-east-1]]")
    assert earlier.findtext("system-out").splitlines() == [
        "succeeded before in an earlier try",
        *told,
    ]
    for case in (done, *kept_out):
        assert case.findtext("system-out").splitlines() == told


def test_a_case_is_what_the_page_shows(tmp_path):
    broken = replace(BROKEN, tail=("the last lines",))
    suite = written(tmp_path, Outcome(results=(result(Status.FAILED, commands=(broken,)),)))
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text()
    shown = page.partition("```xml\n")[2].partition("```")[0]
    found = ET.tostring(suite.find("testcase"), encoding="unicode")
    assert ET.canonicalize(found, strip_text=True) == ET.canonicalize(shown, strip_text=True)


def test_a_reader_finds_properties_of_cases_nowhere_that_the_schema_forbids(tmp_path):
    suite = written(tmp_path, Outcome(results=(result(commands=(DONE,)),)))
    assert suite.find("testcase/properties") is None
    ET.SubElement(suite.find("testcase"), "properties")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        SCHEMA.validate(suite)


def test_each_wave_is_a_suite_with_its_own_counts_and_start(tmp_path):
    outcome = Outcome(
        results=(
            result(name="a", wave=1, started_at=60.0, commands=(DONE,)),
            result(Status.FAILED, name="b", wave=2, started_at=120.0, commands=(BROKEN,)),
            result(name="c", wave=2, started_at=90.0, commands=(DONE,)),
            result(Status.NOT_RUN, name="d", wave=3, reason="an earlier target failed"),
        ),
        before=result(name="before", account_id="", role_arn="", region="", commands=(DONE,)),
        started_at=1.0,
    )
    junit.write(tmp_path, outcome, commands=("npm ci",), mask=Mask())
    SCHEMA.validate(tmp_path / "junit.xml")
    root = ET.parse(tmp_path / "junit.xml").getroot()
    counted = ("tests", "failures", "skipped")
    assert [
        (suite.get("name"), suite.get("timestamp")[:19], *(int(suite.get(c)) for c in counted))
        for suite in root.findall("testsuite")
    ] == [
        ("rolecall", "1970-01-01T00:00:01", 1, 0, 0),
        ("rolecall wave 1", "1970-01-01T00:01:00", 1, 0, 0),
        ("rolecall wave 2", "1970-01-01T00:01:30", 2, 1, 0),
        ("rolecall wave 3", "1970-01-01T00:00:01", 1, 0, 1),
    ]
    assert (root.get("tests"), root.get("failures")) == ("5", "1")
    wave = root.findall("testsuite")[2]
    known = {p.get("name"): p.get("value") for p in wave.iter("property")}
    assert known["account of c eu-west-1"] == "222222222222"
    assert known["role of c eu-west-1"] == "arn:aws:iam::222222222222:role/deploy"
    assert "account of a eu-west-1" not in known


def test_past_500_cases_each_stays_in_its_wave_and_the_rest_is_one_case(tmp_path):
    many = [result(name=f"t{n}", wave=1 + n % 3, commands=(DONE,)) for n in range(900)]
    junit.write(tmp_path, Outcome(results=tuple(many)), commands=("npm ci",), mask=Mask())
    suites = ET.parse(tmp_path / "junit.xml").getroot().findall("testsuite")
    assert sum(len(suite.findall("testcase")) for suite in suites) == 500
    assert [suite.get("name") for suite in suites][1:] == [f"rolecall wave {n}" for n in (1, 2, 3)]
    [rest] = suites[0].findall("testcase")
    assert rest.get("name") == "and 401 more: 401 succeeded"


def test_a_bug_is_a_failure_with_its_trace(tmp_path):
    outcome = Outcome(results=(result(Status.NOT_RUN, reason="left"),), bug="Traceback\nKeyError")
    suite = written(tmp_path, outcome)
    assert lines(suite)[0] == "rolecall | run | failure"
    assert suite.find(".//failure").text == "Traceback\nKeyError"


def test_past_500_cases_each_target_is_one_in_its_order(tmp_path):
    many = [result(name=f"t{n}", commands=(DONE, DONE)) for n in range(249)]
    failed = result(Status.FAILED, name="bad", commands=(DONE, BROKEN))
    assert len(lines(written(tmp_path, Outcome(results=(*many, failed))))) == 500
    suite = written(tmp_path, Outcome(results=(*many, failed, result(commands=(DONE,)))))
    assert lines(suite)[0] == "t0 eu-west-1 | all commands | ok"
    assert lines(suite)[249:] == [
        "bad eu-west-1 | all commands | failure",
        "dev eu-west-1 | all commands | ok",
    ]
    assert suite.find(".//failure").text == "$ npx cdk deploy\none\ntwo"
    assert suite.find(".//failure").get("message") == "exit code 7"


@pytest.mark.parametrize("targets", [501, 10_000])
def test_past_500_targets_the_gravest_come_first_and_the_rest_is_counted(tmp_path, targets):
    several = [result(name=f"t{n}", commands=(DONE,)) for n in range(targets - 4)]
    several[7:7] = [
        result(Status.NOT_RUN, name="last", reason="left"),
        result(Status.NOT_ASSUMED, name="second", reason="no"),
        result(Status.FAILED, name="first", commands=(BROKEN,)),
    ]
    found = lines(written(tmp_path, Outcome(results=(*several, result(commands=(DONE,))))))
    assert [line.split(" | ")[2] for line in found[:4]] == ["failure", "error", "skipped", "ok"]
    assert len(found) == cases.MOST
    left = targets - 499
    assert found[-1] == f"rolecall | and {left:,} more: {left:,} succeeded | ok"


def test_a_rest_that_holds_failures_is_itself_a_failure(tmp_path):
    failed = tuple(result(Status.FAILED, name=f"t{n}", commands=(BROKEN,)) for n in range(600))
    outcome = Outcome(results=(*failed, result(Status.NOT_RUN, reason="left")))
    suite = written(tmp_path, outcome)
    assert lines(suite)[-1] == "rolecall | and 102 more: 101 failed, 1 not run | failure"
    assert suite.get("failures") == "500"


def test_long_texts_are_cut_to_what_a_report_group_takes(tmp_path):
    long = CommandResult(
        command="x" * 2000, status=Status.FAILED, reason="r" * 1500, tail=("é" * 9000, "the end")
    )
    suite = written(tmp_path, Outcome(results=(result(Status.FAILED, commands=(long,)),)))
    failure = suite.find(".//failure")
    assert failure.text.endswith("é\nthe end")
    assert failure.text.startswith("…é")
    output = suite.findtext("testcase/system-out")
    assert len(failure.get("message")) + len(failure.text) + len(output) == 5000
    assert len(suite.find("testcase").get("name")) == 1000


def test_what_xml_does_not_take_is_left_out_and_the_rest_comes_back_as_it_was(tmp_path):
    odd = CommandResult(
        command="echo '<&>\"]]>' \x07",
        status=Status.FAILED,
        reason="exit code 1",
        tail=("\x1b[31;1mred\x1b[0m \x00\x1f\ud800\ufffe\r", "<![CDATA[ & ]]> é 🙂\ttab"),
    )
    suite = written(tmp_path, Outcome(results=(result(Status.FAILED, commands=(odd,)),)))
    assert suite.find("testcase").get("name") == "echo '<&>\"]]>' \\x07"
    assert suite.find(".//failure").text == "red ?\n<![CDATA[ & ]]> é 🙂\ttab"


def test_secrets_are_masked_before_anything_is_cut(tmp_path):
    secret = "s3cr3t/with+every=sign&<>" * 2
    leaky = CommandResult(
        command=f"curl -u {secret}",
        status=Status.FAILED,
        reason=f"exit code 1 {secret}",
        tail=(secret, "x" * (4998 - len("exit code 1 ***") - 25), "ASIAABCDEFGHIJKLMNOP"),
    )
    outcome = Outcome(results=(result(Status.FAILED, commands=(leaky,)),), bug=f"trace {secret}")
    written(tmp_path, outcome, mask=Mask([Secret(secret)]))
    text = (tmp_path / "junit.xml").read_text()
    assert "s3cr3t" not in text
    assert "every" not in text
    assert "ASIA" not in text


def test_a_file_that_was_there_is_replaced_whole(tmp_path):
    (tmp_path / "junit.xml").write_text("old" * 10_000)
    written(tmp_path, Outcome(results=(result(commands=(DONE,)),)))
