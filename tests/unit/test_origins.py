"""What a report is of: known of the surroundings, and told in every form, quietly."""

from __future__ import annotations

import json
import re
import threading
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import rolecall
from rolecall.cli.arguments import Arguments
from rolecall.cli.context import Context
from rolecall.cli.origin import Caller, origin
from rolecall.errors import FileError
from rolecall.report import junit, origins, page, record, summary
from rolecall.report.merging import Part, merge
from rolecall.report.reader import read
from rolecall.report.texts import Texts
from rolecall.results import Origin, Outcome, Result, Status
from rolecall.secret import Mask, Secret

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())
URL = "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/1/projects/a/build/a%3Ab/"
CALLER = "arn:aws:sts::111111111111:assumed-role/rolecall-codebuild/AWSCodeBuild-1"
COMMIT = "0123456789abcdef0123000000abcdef01234567"
KNOWN = Origin(
    build_id="a:b", build_url=URL, execution_id="e1", commit=COMMIT, caller=CALLER,
    image="registry.example/rolecall:1", rolecall="0.1.0",
)  # fmt: skip


def result(index=1):
    return Result(
        target=f"t{index}", account_id="222222222222", role_arn="arn:aws:iam::222222222222:role/x",
        region="eu-west-1", status=Status.SUCCEEDED, index=index,
    )  # fmt: skip


def outcome(*of, **given):
    return Outcome(results=(result(),), origins=of or (KNOWN,), **given)


def context(folder, **environ):
    return Context(
        Arguments(command="run", flags={}), environ={"HOME": str(folder), **environ}, folder=folder
    )


def properties(run, mask=None):
    suite = ET.fromstring(junit.rendered(run, (), mask or Mask())).find("testsuite")
    return {p.get("name"): p.get("value") for p in suite.iter("property")}


def html(run):
    return b"".join(page.rendered(run, Mask())).decode()


def test_codebuild_s_variables_and_the_execution_tell_what_a_run_is_of(tmp_path):
    found = origin(
        context(
            tmp_path,
            CODEBUILD_BUILD_ID="a:b",
            CODEBUILD_BUILD_ARN="arn:aws:codebuild:eu-west-1:1:build/a:b",
            CODEBUILD_RESOLVED_SOURCE_VERSION=COMMIT,
            CODEBUILD_BUILD_IMAGE="registry.example/rolecall:1",
            ROLECALL_EXECUTION_ID="e1",
            ROLECALL_SHARD="2/3",
        ),
        CALLER,
    )
    assert found == replace(
        KNOWN, build_url=f"{URL}?region=eu-west-1", rolecall=rolecall.__version__, shard="2/3"
    )


@pytest.mark.parametrize(
    ("environ", "known"),
    [
        ({}, ("", "", "")),
        ({"GITHUB_RUN_ID": "7", "GITHUB_SHA": COMMIT}, ("7", COMMIT, "")),
        (
            {"CI_JOB_ID": "8", "CI_COMMIT_SHA": COMMIT, "CI_JOB_IMAGE": "debian"},
            ("8", COMMIT, "debian"),
        ),
        ({"BUILD_TAG": "jenkins-x-9", "GIT_COMMIT": COMMIT}, ("jenkins-x-9", COMMIT, "")),
    ],
)
def test_other_builds_are_known_by_what_they_have_for_it(tmp_path, environ, known):
    found = origin(context(tmp_path, **environ))
    assert (found.build_id, found.commit, found.image) == known


def test_where_no_build_tells_the_commit_it_is_what_git_has_checked_out(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text(f"{COMMIT}\n")
    assert origin(context(tmp_path)).commit == COMMIT


def test_a_variable_of_many_lines_makes_no_report_that_cannot_be_read(tmp_path):
    odd = "a\nb\x1b[2J\u2028" + "c" * 5_000
    found = origin(context(tmp_path, CODEBUILD_BUILD_ID=odd, CODEBUILD_BUILD_IMAGE="\x00"))
    path = record.write(tmp_path, outcome(found), Mask())
    assert read(path).origins == (found,)
    assert found.build_id.startswith("a b")
    assert len(found.build_id) <= 1_000


class Asked:
    """A source that says who calls once it may, or fails."""

    def __init__(self, error=None) -> None:
        self.may, self._error = threading.Event(), error

    def caller(self, call):
        self.may.wait(10)
        if self._error:
            raise self._error
        return CALLER


def test_whoever_calls_is_asked_once_beside_all_else():
    source, caller = Asked(), Caller()
    caller.ask(source)
    assert caller.arn(hurry=True) == ""
    source.may.set()
    assert caller.arn(hurry=False) == CALLER


def test_an_sts_that_does_not_say_who_calls_fails_nothing():
    source, caller = Asked(OSError("none")), Caller()
    assert caller.arn(hurry=False) == ""
    caller.ask(source)
    source.may.set()
    assert caller.arn(hurry=False) == ""


def test_it_is_in_report_json_as_documented_and_comes_back(tmp_path):
    path = record.write(tmp_path, outcome(), Mask())
    found = json.loads(path.read_text())
    Draft202012Validator(SCHEMA).validate(found)
    assert found["origins"][0]["caller"] == CALLER
    assert read(path).origins == (KNOWN,)


@pytest.mark.parametrize(
    ("origins", "wrong"),
    [
        ({}, "origins is {} and not a list"),
        ([{"commit": 1}], "in origins[0], commit is 1 and not text"),
        ([{"caller": "a\nb"}], "not one line of text"),
        ([{"shard": "all"}], "not such as 1/4"),
    ],
)
def test_what_is_no_origin_is_refused_with_its_place(tmp_path, origins, wrong):
    path = record.write(tmp_path, outcome(), Mask())
    path.write_text(json.dumps({**json.loads(path.read_text()), "origins": origins}))
    with pytest.raises(FileError, match=re.escape(wrong)):
        read(path)


def test_it_is_the_last_line_of_the_summary_where_the_build_s_page_alone_is_a_link():
    *_, blank, last = summary.rendered(outcome(), Mask()).splitlines()
    assert blank == ""
    assert last == (
        f"Of build [`a:b`]({URL}), pipeline execution `e1`, commit `{COMMIT}`, caller `{CALLER}`,"
        " image `registry.example/rolecall:1`, rolecall `0.1.0`"
    )


def test_it_is_in_a_summary_that_has_no_room_for_all():
    long = Result(
        target="t", account_id="", role_arn="r", region="", status=Status.NOT_ASSUMED,
        reason="x" * 1_500,
    )  # fmt: skip
    many = tuple(replace(long, target=f"t{n}", reason=f"{n}{long.reason}") for n in range(60))
    text = summary.rendered(Outcome(results=many, origins=(KNOWN,)), Mask())
    assert len(text) <= 60_100
    assert "The rest is in report.html.\n\nOf build [" in text


def test_it_is_at_the_end_of_the_page_and_leads_to_the_build():
    text = html(outcome())
    assert text.index('id="h-plan"') < text.index("What it is of") < text.index(CALLER)
    assert f'<a href="{URL}">a:b</a>' in text
    assert COMMIT not in html(Outcome(results=(result(),)))


def test_it_is_properties_of_each_suite():
    found = properties(outcome())
    assert found["build_url"] == URL
    assert (found["execution_id"], found["caller"]) == ("e1", CALLER)
    assert (found["commit"], found["rolecall"]) == (COMMIT, "0.1.0")
    assert properties(Outcome(results=(result(),)))["rolecall"] == rolecall.__version__


def test_it_is_lines_of_text_that_can_be_copied():
    assert list(origins.lines(outcome(), Texts(Mask()))) == [
        f"Build: a:b ({URL})",
        "Pipeline execution: e1",
        f"Commit: {COMMIT}",
        f"Caller: {CALLER}",
        "Image: registry.example/rolecall:1",
        "rolecall: 0.1.0",
    ]


@pytest.mark.parametrize(
    "bad",
    ["javascript:alert(1)", "https://a/)[x](https://b/", 'https://a/"><script>', "https://a/\nb"],
)
def test_an_address_that_is_more_than_one_is_no_link(bad):
    odd = outcome(replace(KNOWN, build_url=bad))
    assert "](http" not in summary.rendered(odd, Mask())
    assert 'href="javascript' not in html(odd)
    assert html(odd).count("<script") == 2
    assert ">a:b<" not in html(odd).replace("<td>\n", "<td>")


def test_what_is_hostile_stays_in_its_code_span():
    bad = "` @everyone <b> | [x](https://a/)"
    text = summary.rendered(outcome(replace(KNOWN, commit=bad, build_url="")), Mask())
    assert "commit `` ` @everyone <b> \\| [x](https://a/) ``," in text


def test_secrets_are_masked_in_each_form():
    mask = Mask([Secret("hunter2")])
    run = outcome(replace(KNOWN, image="hunter2/x", build_url="https://a/hunter2"))
    forms = [
        summary.rendered(run, mask),
        b"".join(page.rendered(run, mask)).decode(),
        json.dumps(properties(run, mask)),
        b"".join(record.rendered(run, mask)).decode(),
        "".join(origins.lines(run, Texts(mask))),
    ]
    assert not [form for form in forms if "hunter2" in form]


def test_merged_builds_keep_what_each_was_of_and_tell_what_they_share_once():
    parts = [
        Part(
            place=str(n),
            outcome=Outcome(
                results=(result(n),),
                started_at=float(n),
                shard=f"{n}/12",
                targets_in_all=12,
                origins=(replace(KNOWN, build_id=f"a:{n}", build_url="", shard=f"{n}/12"),),
            ),
        )
        for n in range(1, 13)
    ]
    whole = merge(parts).outcome
    assert [each.build_id for each in whole.origins] == [f"a:{n}" for n in range(1, 13)]
    first, *rest = origins.lines(whole, Texts(Mask()))
    assert first.startswith("Build: a:1 (shard 1/12), a:2 (shard 2/12), ")
    assert first.endswith(" and 4 more")
    assert f"Commit: {COMMIT}" in rest
    assert properties(whole)["commit"] == COMMIT
    assert html(whole).count("(shard ") == 12


def test_of_a_build_that_was_done_again_nothing_is_kept():
    again = [
        Part(
            place=name,
            outcome=Outcome(
                results=(result(),), started_at=at, origins=(replace(KNOWN, build_id=name),)
            ),
        )
        for name, at in (("first", 1.0), ("second", 2.0))
    ]
    assert [each.build_id for each in merge(again).outcome.origins] == ["second"]
