"""`rolecall report` on what `rolecall run` has written, and `--only` on what it tells to run."""

from __future__ import annotations

import json
import re

from rolecall.report.folder import FILES
from support import answers
from support.command import TARGETS

SCRIPT = "echo at $ROLECALL_TARGET; test $ROLECALL_TARGET != tst"


def files(done):
    return {name: (done.folder / "rolecall-report" / name).read_text() for name in FILES}


def test_every_form_comes_again_from_report_json_as_it_was(rolecall):
    done = rolecall.run(SCRIPT, ROLECALL_ON_FAILURE="continue")
    assert done.code == 1, done.out + done.err
    written = files(done)
    forms = ("json", "report.json"), ("junit", "junit.xml"), ("md", "summary.md")
    for form, name in forms:
        again = rolecall("report", "--format", form, "--out", f"rolecall-report/again-{name}")
        assert (again.code, again.err) == (0, "")
        text = (done.folder / "rolecall-report" / f"again-{name}").read_text()
        assert text == written[name]
    assert rolecall("report", "--format", "json").out == written["report.json"]
    html = rolecall("report", "rolecall-report", "--format", "html").out
    assert html.count("<tr ") == written["report.html"].count("<tr ")
    assert "1 of 3 targets failed" in html
    of, _, text = rolecall("report", "rolecall-report/report.json").out.partition("\n\n")
    assert text in done.out
    assert of.startswith("Caller: arn:aws:iam::111111111111:user/hub\n")
    assert "2 succeeded, 1 failed" in text


def test_the_plan_the_preflight_and_times_of_commands_are_reported(rolecall):
    done = rolecall.run(SCRIPT, ROLECALL_ON_FAILURE="continue", ROLECALL_BEFORE="true")
    report = done.report
    assert report["plan"]["commands"] == [SCRIPT]
    assert report["plan"]["before"] == ["true"]
    assert {"name": "on_failure", "value": "continue", "origin": "ROLECALL_ON_FAILURE"} in report[
        "plan"
    ]["options"]
    moments = [report["started_at"], report["preflight"]["started_at"]]
    for result in report["results"]:
        moments += [result["started_at"], result["commands"][0]["started_at"]]
    assert moments == sorted(moments)


def test_what_the_report_says_to_run_again_runs_what_failed_alone(rolecall):
    done = rolecall.run(SCRIPT, ROLECALL_REGIONS="eu-west-1,us-east-1")
    line = re.search(r"To run it again: `rolecall (.*)`", files(done)["summary.md"])
    assert line[1] == "run --only tst/eu-west-1"
    again = rolecall(
        *line[1].split(), ROLECALL_COMMANDS="true", ROLECALL_REGIONS="us-east-1,eu-west-1"
    )
    assert (again.code, again.statuses) == (0, ["succeeded"])
    assert again.report["results"][0]["region"] == "eu-west-1"


def test_a_role_that_is_denied_is_told_with_the_check_to_run_again(rolecall, sts):
    sts.always("333333333333", answers.access_denied("arn:aws:iam::333333333333:role/deploy"))
    done = rolecall.run("true")
    text = files(done)["summary.md"]
    assert "To try it again: `rolecall plan --check --only tst`" in text
    checked = rolecall("plan", "--check", "--only", "tst", ROLECALL_COMMANDS="true")
    assert "0 of 1 role can be assumed" in checked.out
    assert checked.code == 4


def test_only_is_checked_before_anything_is_done(rolecall, sts):
    done = rolecall.run("true", ROLECALL_ONLY="tts")
    assert done.code == 2
    assert "ROLECALL_ONLY: 'tts' means no target; did you mean tst?" in done.message
    assert not sts.assumed()


def test_a_target_that_is_named_is_one_of_those_that_only_leaves(rolecall):
    command = ("exec", "dev", "--", "echo $ROLECALL_TARGET")
    done = rolecall(*command, ROLECALL_ONLY="d*")
    assert (done.code, done.out) == (0, "dev\n")
    done = rolecall(*command, ROLECALL_ONLY="tst")
    assert (done.code, done.out) == (2, "")
    assert "'dev' is not among the targets that ONLY leaves" in done.message


def test_two_runs_are_compared(rolecall):
    rolecall.run("true", ROLECALL_REPORT_DIR="old")
    rolecall.run(SCRIPT, ROLECALL_REPORT_DIR="new", ROLECALL_ON_FAILURE="continue")
    found = rolecall("report", "new", "--compare", "old")
    assert found.code == 0, found.err
    assert "Newly failed (1):\n  tst  failed: exit code 1 (was succeeded)\n" in found.out
    markdown = rolecall("report", "new", "--compare", "old", "--format", "md").out
    assert "### Newly failed (1)" in markdown
    refused = rolecall("report", "new", "--compare", "old", "--format", "html")
    assert refused.code == 2
    assert "usage: rolecall report [options] [DIR]" in refused.message
    assert (
        "rolecall report: error: --compare takes --format text or md, not html" in refused.message
    )


def test_a_report_is_written_to_a_file_where_that_is_asked_for(rolecall):
    rolecall.run("true")
    done = rolecall("report", "--format", "md", "--out", "build/new/summary.md")
    assert (done.code, done.out) == (0, "")
    assert (done.folder / "build/new/summary.md").read_text().startswith("## rolecall: 3 succ")


def test_a_report_elsewhere_leads_to_the_logs_of_the_run(rolecall):
    rolecall.run(SCRIPT, ROLECALL_ON_FAILURE="continue")
    log = "rolecall-report/logs/tst-eu-central-1.log"
    assert f'href="{log}"' in rolecall("report", "--format", "html").out
    assert f"The whole log: `{log}`" in rolecall("report", "--format", "md").out
    done = rolecall("report", "--format", "html", "--out", "build/new/report.html")
    assert f'href="../../{log}"' in (done.folder / "build/new/report.html").read_text()
    assert (done.folder / "build/new" / "../.." / log).is_file()


def test_the_log_and_the_report_end_with_the_line_that_runs_what_is_left(rolecall, sts):
    sts.always("444444444444", answers.access_denied())
    limits = {"ROLECALL_PREFLIGHT": "false", "ROLECALL_ON_FAILURE": "continue"}
    done = rolecall.run(SCRIPT, **limits)
    line = "\nTo run all that is left: rolecall run --only tst,prd\n"
    assert line in done.out
    assert line in rolecall("report").out
    assert line not in rolecall.run("true", ROLECALL_ONLY="dev").out
    sts.always("444444444444", answers.OK)
    done = rolecall("run", "--only", "tst,prd", ROLECALL_COMMANDS="true")
    assert (done.code, done.statuses) == (0, ["succeeded"] * 2)


def test_a_folder_that_will_not_do_is_told_where_it_was_given(rolecall, tmp_path):
    (tmp_path / "taken").touch()
    assert " --report-dir: " in rolecall("run", "--report-dir", "taken").message
    (tmp_path / "rolecall.yml").write_text("grace: 2\nreport_dir: taken\n")
    assert " rolecall.yml:2: " in rolecall("run").message


def test_a_run_that_cannot_begin_leaves_no_report_of_the_one_before(rolecall):
    rolecall.run("true")
    done = rolecall.run("true", TMPDIR="/nowhere")
    assert done.code == 2
    assert "set TMPDIR to a folder" in done.message
    assert [path.name for path in (done.folder / "rolecall-report").rglob("*")] == ["logs"]


def test_a_report_that_will_not_do_is_one_message(rolecall, tmp_path):
    assert "is not there: name the folder" in (missing := rolecall("report", "nowhere")).message
    assert missing.code == 2
    (tmp_path / "report.json").write_text('{"version": 7, "rolecall": "9.9"}')
    other = rolecall("report", ".")
    assert other.code == 2
    assert "read it with the rolecall that wrote it (9.9)" in other.message
    assert "Traceback" not in other.err


def test_a_second_run_leaves_the_report_of_one_that_is_under_way(rolecall, sts):
    commands = "echo mine; touch begun; until [ -e enough ]; do sleep 0.05; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=commands)
    rolecall.wait_for_file(process, "begun")
    before = len(sts.calls)
    second = rolecall.run("echo other")
    assert second.code == 2
    assert "another run writes its report to" in second.message
    assert len(sts.calls) == before
    elsewhere = rolecall.run("true", ROLECALL_REPORT_DIR="elsewhere")
    assert elsewhere.code == 0, elsewhere.out
    merged = rolecall("merge", "elsewhere", "--out", "rolecall-report")
    assert merged.code == 2
    assert "another run writes its report to" in merged.message
    (rolecall.folder / "enough").touch()
    done = rolecall.finish(process)
    assert done.code == 0
    assert "mine\n" in (rolecall.folder / "rolecall-report/logs/dev-eu-central-1.log").read_text()
    assert rolecall.run("true").code == 0


def test_a_report_needs_no_right_settings_but_those_that_it_reads(rolecall):
    rolecall.run("true")
    assert rolecall("report", ROLECALL_ODD="1").code == 0
    # It may say where the report is, and what is to be hidden in it.
    (rolecall.folder / "rolecall.yml").write_text("odd: [")
    assert rolecall("report").code == 2


def test_a_hostile_report_does_not_steer_the_terminal(rolecall, tmp_path):
    rolecall.run("printf 'one \\033[2Jtwo\\n'; false", ROLECALL_TARGETS=TARGETS.split()[0])
    assert "two" in json.dumps(json.loads((tmp_path / "rolecall-report/report.json").read_text()))
    found = rolecall("report").out
    assert "  | one two\n" in found
    assert "\x1b" not in found
