"""report.json is read back as what it was written from, or refused with one message."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from rolecall.errors import FileError
from rolecall.report import record
from rolecall.report.reader import read
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask
from support.outcomes import Scale, outcome

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())
OLD = {
    "version": 1,
    "rolecall": "0.1.0",
    "started_at": "2026-11-24T06:00:00.000+00:00",
    "seconds": 1.5,
    "results": [],
}
UNKNOWN = {"target": "dev", "status": "failed", "commands": [{"command": "x"}]}


def written(folder, known):
    path = folder / "report.json"
    path.write_text(known if isinstance(known, str) else json.dumps(known))
    return path


def refusal(folder, known):
    with pytest.raises(FileError) as refused:
        read(written(folder, known))
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_is_written_comes_back_as_it_was(tmp_path):
    once = Result(
        target="before",
        account_id="",
        role_arn="",
        region="",
        status=Status.FAILED,
        started_at=1_795_500_000.25,
        commands=(CommandResult(command="x", status=Status.NOT_RUN, reason="why"),),
    )
    several = Scale(targets=20, failed=3, not_assumed=5, not_run=7)
    run = replace(
        outcome(several, tail=("é 🙂", "\x1b[0m")),
        before=once,
        after=replace(once, target="after"),
        preflight_failed=True,
        signal_number=15,
        bug="Traceback",
    )
    path = record.write(tmp_path, run, Mask())
    assert read(tmp_path) == read(path) == run


def test_what_is_written_is_as_documented(tmp_path):
    run = outcome(Scale(targets=9, failed=2, not_assumed=3))
    found = json.loads(record.write(tmp_path, run, Mask()).read_text())
    Draft202012Validator(SCHEMA).validate(found)
    assert found["results"][1]["commands"][1]["started_at"] == "2026-11-24T06:00:11.000+00:00"
    assert found["preflight"] == {"started_at": "2026-11-24T06:00:00.500+00:00", "seconds": 3.5}


def test_keys_that_are_not_known_are_passed_over(tmp_path):
    run = Outcome(results=(), started_at=1_795_500_000.0)
    path = record.write(tmp_path, run, Mask())
    known = json.loads(path.read_text())
    known |= {"new": 1, "plan": {**known["plan"], "waves": [3, 4]}}
    assert read(written(tmp_path, known)) == run


def test_a_report_without_the_newer_fields_is_read(tmp_path):
    known = {**OLD, "results": [{"target": "dev", "status": "succeeded"}]}
    found = read(written(tmp_path, known))
    assert (found.preflight, found.plan.commands, found.results[0].wave) == (None, (), 0)
    assert found.results[0].started_at is None


def test_a_moment_without_a_zone_is_utc(tmp_path):
    found = read(written(tmp_path, {**OLD, "started_at": "2026-11-24T06:00:00"}))
    assert found.started_at == 1_795_500_000.0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": 2}, "it is of version 2, and this is for version 1"),
        ({"version": None}, "it has no version"),
        ({"version": "1"}, 'version is "1" and not a whole number'),
        ({"version": True}, "version is true"),
        ({"results": 3}, "results is 3 and not a list"),
        ({"results": [3]}, "results[0] is no JSON object"),
        ({"results": [{}]}, "results[0] has no target"),
        ({"results": [{"target": "a", "status": "odd"}]}, 'in results[0], status is "odd"'),
        ({"results": [{"target": "a"}]}, "results[0] has no status"),
        ({"seconds": -1}, "seconds is -1"),
        ({"seconds": float("nan")}, "seconds is NaN"),
        ({"started_at": "yesterday"}, 'started_at is "yesterday"'),
        ({"started_at": 5}, "started_at is 5 and not text"),
        ({"preflight_failed": "no"}, 'preflight_failed is "no" and not true or false'),
        ({"plan": {"commands": [1]}}, "commands is [1] and not a list of texts"),
        ({"bug": 1}, "bug is 1"),
        ({"results": [UNKNOWN]}, "results[0].commands[0] has no status"),
        ({"results": [{"target": "a\n# b"}]}, r'target is "a\n# b" and not one line of text'),
        ({"results": [{"target": "a\x1b[2J"}]}, r'target is "a\u001b[2J" and not one line'),
        ({"results": [{"target": "a", "region": "b\r"}]}, r'region is "b\r" and not one line'),
        ({"shard": "1/999999999"}, 'shard is "1/999999999" and not such as 1/4'),
        ({"shard": "first"}, 'shard is "first"'),
    ],
)
def test_what_is_not_as_documented_is_told_with_its_place(tmp_path, changed, said):
    assert said in refusal(tmp_path, {**OLD, **changed})


def test_a_report_that_claims_targets_without_end_is_read_with_as_many_as_there_may_be(tmp_path):
    assert read(written(tmp_path, {**OLD, "targets_in_all": 10**15})).targets_in_all == 1_000_000


def test_a_report_without_results_is_refused(tmp_path):
    assert "it has no results" in refusal(tmp_path, {"version": 1})


@pytest.mark.parametrize("text", ["", "{", '{"version": 1, "resul', "\x00", "[" * 100_000])
def test_a_damaged_file_is_refused(tmp_path, text):
    assert "is no JSON, or was cut off" in refusal(tmp_path, text)


@pytest.mark.parametrize("text", ["[]", "3", '"x"', "null"])
def test_json_that_is_no_object_is_refused(tmp_path, text):
    assert "the report is no JSON object" in refusal(tmp_path, text)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(b"\xff\xfe\xfa{")
    with pytest.raises(FileError, match="is no JSON"):
        read(path)


def test_a_report_that_is_not_there_is_told_with_the_remedy(tmp_path):
    with pytest.raises(FileError, match=r"report\.json is not there: name the folder"):
        read(tmp_path)


def test_what_can_not_be_read_is_told(tmp_path):
    (tmp_path / "report.json").mkdir()
    with pytest.raises(FileError, match="cannot be read: Is a directory"):
        read(tmp_path)
