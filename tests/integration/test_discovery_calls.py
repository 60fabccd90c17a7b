"""What is asked of AWS Organizations, how often, and what is said where it will not answer."""

from __future__ import annotations

import json
import re
import signal

import pytest

from support import answers
from support.answers import MALFORMED, THROTTLE, Answer
from support.organizations import ScriptedOrganizations, team

BUSY = Answer(code="TooManyRequestsException", message="Rate exceeded")
QUICK = {"ROLECALL_RETRY_ATTEMPTS": "3", "ROLECALL_RETRY_MAX_WAIT": "2s"}


@pytest.fixture
def organizations():
    with ScriptedOrganizations() as server:
        yield server


@pytest.fixture
def variables(organizations):
    """The environment of a command that discovers what a wish says."""

    def _variables(wish, **extra):
        return {
            "ROLECALL_TARGETS": "",
            "ROLECALL_COMMANDS": "true",
            "ROLECALL_ORGANIZATION": json.dumps({"role_name": "deploy", **wish}),
            "AWS_ENDPOINT_URL_ORGANIZATIONS": organizations.url,
            **extra,
        }

    return _variables


@pytest.mark.parametrize(
    ("wish", "calls"),
    [
        ({"exclude": ["account 0000*"]}, {"ListAccounts": 2}),
        # The units themselves are listed once each, and their accounts.
        (
            {"units": [team(1), team(2)]},
            {"ListOrganizationalUnitsForParent": 2, "ListAccountsForParent": 2},
        ),
        # A division and its team, after the root and the divisions on the way.
        (
            {"units": ["Division 3"]},
            {"ListRoots": 1, "ListOrganizationalUnitsForParent": 3, "ListAccountsForParent": 2},
        ),
        # Tags are asked for the accounts that nothing else leaves out. A word may be a unit's, too.
        (
            {"units": [team(1)], "exclude": ["account 00001"], "tags": {"stage": "*"}},
            {
                "ListRoots": 1,
                "ListOrganizationalUnitsForParent": 2,
                "ListAccountsForParent": 1,
                "ListTagsForResource": 2,
            },
        ),
        (
            {"exclude": ["/Division 3"]},
            {
                "ListAccounts": 2,
                "ListRoots": 1,
                "ListOrganizationalUnitsForParent": 3,
                "ListAccountsForParent": 2,
            },
        ),
    ],
)
def test_no_more_is_asked_than_is_needed(rolecall, variables, organizations, wish, calls):
    done = rolecall("plan", "--read", **variables(wish))
    assert done.code == 0, done.err
    assert organizations.counts() == calls


def test_a_run_reads_the_organisation_once(rolecall, variables, organizations):
    done = rolecall("run", **variables({"units": [team(1)]}))
    assert done.statuses == ["succeeded"] * 3
    assert organizations.counts()["ListAccountsForParent"] == 1


def test_throttling_is_tried_again_for_every_kind_of_call(rolecall, variables, organizations):
    for operation in ("ListOrganizationalUnitsForParent", "ListAccountsForParent"):
        organizations.script(operation, BUSY, THROTTLE)
    organizations.script("ListTagsForResource", BUSY)
    done = rolecall("plan", "--read", **variables({"units": [team(1)], "tags": {"stage": "*"}}))
    assert done.code == 0, done.out + done.err
    assert organizations.counts() == {
        "ListOrganizationalUnitsForParent": 3,
        "ListAccountsForParent": 3,
        "ListTagsForResource": 4,
    }


def test_an_organisation_that_stays_busy_is_told_with_what_to_do(
    rolecall, variables, organizations
):
    organizations.always("ListAccounts", BUSY)
    done = rolecall("run", **variables({}, **QUICK))
    assert done.code == 2
    assert re.search(r"Rate exceeded \(tried \d+ times\)", done.message)
    assert "raise ROLECALL_RETRY_MAX_WAIT" in done.message
    assert organizations.counts()["ListAccounts"] > 1


def test_a_denial_names_the_permission_and_who_lacks_it(rolecall, variables, organizations):
    denied = Answer(code="AccessDeniedException", message="You don't have permissions", status=400)
    organizations.always("ListTagsForResource", denied)
    done = rolecall("run", **variables({"tags": {"stage": "prod"}}))
    assert done.code == 2
    assert "ROLECALL_ORGANIZATION: the organisation cannot be read" in done.message
    assert (
        "allow arn:aws:iam::111111111111:user/hub organizations:ListTagsForResource" in done.message
    )
    assert "delegated administrator" in done.message
    # The first denial ends it: the other accounts are not asked about.
    assert organizations.counts()["ListTagsForResource"] <= 8
    assert not (done.folder / "rolecall-report").exists()


def test_a_reading_role_that_denies_access_is_not_assumed(rolecall, variables, organizations, sts):
    role = "arn:aws:iam::999999999999:role/path/reader"
    sts.always("reader", answers.access_denied(role))
    done = rolecall("run", **variables({"role": role}))
    assert done.code == 4
    assert f"the trust policy of {role} must allow sts:AssumeRole" in done.message
    assert organizations.calls == []


def test_the_reading_role_gets_the_external_id_and_its_secrets_are_hidden(
    rolecall, variables, organizations, sts
):
    wish = {"role": "arn:aws:iam::999999999999:role/reader", "units": [team(1)]}
    more = {"ROLECALL_EXTERNAL_ID": "4711", "ROLECALL_SESSION_NAME": "s-{target}"}
    done = rolecall("run", **variables(wish, ROLECALL_LOG_LEVEL="debug", **more))
    assert done.code == 0, done.err
    first = sts.assumed("reader")[0]
    assert (first.params["ExternalId"], first.params["RoleSessionName"]) == (
        "4711",
        "s-organization",
    )
    assert not any(secret in done.everything for secret in sts.secrets)


def test_allowed_accounts_leave_out_the_others(rolecall, variables):
    wish = {"units": [team(1)]}
    done = rolecall("run", **variables(wish, ROLECALL_ALLOWED_ACCOUNTS="100000000002"))
    assert [result["target"] for result in done.report["results"]] == ["account-00001"]
    assert "left out: not among ALLOWED_ACCOUNTS (2)" in " ".join(done.out.split())


def test_a_page_that_comes_again_ends_the_reading(rolecall, variables, organizations, monkeypatch):
    same = {"Accounts": [], "NextToken": "1"}
    monkeypatch.setattr(organizations, "answer", lambda operation, request: same)
    done = rolecall("run", **variables({}))
    assert done.code == 2
    assert "ListAccounts repeats its page" in done.message


def test_an_endpoint_that_does_not_answer_is_told_as_such(rolecall, variables):
    more = {"AWS_ENDPOINT_URL_ORGANIZATIONS": "http://127.0.0.1:9", **QUICK}
    done = rolecall("run", **variables({}, **more))
    assert done.code == 2
    assert "AWS cannot be reached" in done.message


def test_an_answer_of_something_else_is_no_bug(rolecall, variables, organizations):
    organizations.always("ListAccounts", MALFORMED)
    done = rolecall("run", **variables({}, **QUICK))
    assert done.code == 2
    assert "does not answer as Organizations does: its answer to ListAccounts" in done.message
    assert "check AWS_ENDPOINT_URL" in done.message


def test_a_signal_ends_the_reading(rolecall, variables, organizations):
    organizations.always("ListTagsForResource", BUSY)
    more = {"ROLECALL_RETRY_ATTEMPTS": "100", "ROLECALL_LOG_LEVEL": "warning"}
    process = rolecall.start("run", **variables({"tags": {"stage": "*"}}, **more))
    line = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert "ListTagsForResource" in line
    assert done.code == 143, done.err


def renamed(organizations, monkeypatch, **names):
    """Has accounts called otherwise, by the last two digits of their ids."""
    answered = organizations.answer

    def answer(operation, request):
        made = answered(operation, request)
        for account in made.get("Accounts", ()):
            account["Name"] = names.get(f"_{account['Id'][-2:]}", account["Name"])
        return made

    monkeypatch.setattr(organizations, "answer", answer)


def test_a_unit_stays_excluded_when_somebody_makes_an_account_of_its_name(
    rolecall, variables, organizations, monkeypatch
):
    wish = {"exclude": ["Division 3"]}
    before = rolecall("run", **variables(wish)).report["results"]
    renamed(organizations, monkeypatch, _01="Division 3")
    done = rolecall("run", **variables(wish))
    assert done.code == 0, done.err
    after = [result["target"] for result in done.report["results"]]
    assert after == [r["target"] for r in before if r["account_id"] != "100000000001"]
    assert "excluded by Division 3 (4)" in " ".join(done.out.split())


def test_an_account_is_left_out_by_its_name_whatever_the_name_looks_like(
    rolecall, variables, organizations, monkeypatch
):
    renamed(organizations, monkeypatch, _01="[PROD] payments", _02="r-prod", _03="a / b")
    terms = ["[PROD] payments", "r-prod", "a / b"]
    done = rolecall("plan", "--read", **variables({"exclude": terms}))
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    assert all(f"excluded by {term} (1)" in said for term in terms)
    assert "leaves nothing out" not in said


def test_a_name_that_excludes_nothing_ends_with_2_before_anything(rolecall, variables, sts):
    terms = ["acount 00007", "Division 33", "Division 3/Team", "account 9*"]
    done = rolecall("run", **variables({"exclude": terms}))
    assert done.code == 2
    for number, near in [(1, "account 00007"), (2, "Division 3"), (3, "Division 3/Team 3")]:
        wrong = f"{terms[number - 1]!r} leaves nothing out: no account or unit that was read is"
        assert f"exclude, entry {number}: {wrong} called that; did you mean '{near}" in done.message
    assert "entry 4" not in done.message
    assert sts.calls == []


def test_accounts_whose_state_is_not_said_are_not_taken_and_told(
    rolecall, variables, organizations, monkeypatch
):
    answered = organizations.answer

    def stateless(operation, request):
        made = answered(operation, request)
        accounts = [{k: v for k, v in a.items() if k != "State"} for a in made.get("Accounts", ())]
        return {**made, "Accounts": accounts} if accounts else made

    monkeypatch.setattr(organizations, "answer", stateless)
    done = rolecall("run", **variables({"units": [team(1)]}))
    assert done.code == 3
    assert "organisation: 0 of 3 accounts taken; left out: state unknown (3)" in done.message
    assert "is read by botocore>=1.40.27: install it" in done.message
