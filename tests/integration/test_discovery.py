"""Targets from AWS Organizations: moto's server with nested units, tags and many accounts."""

from __future__ import annotations

import json
import re

import boto3
import pytest
from jsonschema import Draft202012Validator

from support.templates import FOLDER

KEYS = {
    "aws_access_key_id": "AKIASOURCEKEY0000000",
    "aws_secret_access_key": "source+secret/key0000000000000000000000",
}
MANAGEMENT = "123456789012"
FLEET = 260
NOWHERE = "http://127.0.0.1:9"
SCHEMA = json.loads((FOLDER.parent / "docs" / "report.schema.json").read_text("utf-8"))


class Organization:
    """A simulated organisation; `units` and `accounts` are ids by name."""

    def __init__(self, url) -> None:
        self.client = boto3.client(
            "organizations", region_name="us-east-1", endpoint_url=url, **KEYS
        )
        self.client.create_organization(FeatureSet="ALL")
        self.root = self.client.list_roots()["Roots"][0]["Id"]
        self.units, self.accounts = {}, {}

    def unit(self, name, within=None):
        made = self.client.create_organizational_unit(
            ParentId=self.units.get(within, self.root), Name=name
        )
        self.units[name] = made["OrganizationalUnit"]["Id"]

    def account(self, name, unit=None, **tags):
        status = self.client.create_account(
            AccountName=name,
            Email=f"{name.lower().replace(' ', '-')}@example.com",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )["CreateAccountStatus"]
        account_id = self.accounts[name] = status["AccountId"]
        if unit:
            self.client.move_account(
                AccountId=account_id,
                SourceParentId=self.root,
                DestinationParentId=self.units[unit],
            )


@pytest.fixture(scope="module")
def organization(moto_url):
    found = Organization(moto_url)
    for name, within in [
        ("Workloads", None),
        ("Dev", "Workloads"),
        ("Prod", "Workloads"),
        ("Payments", "Prod"),
        ("Sandbox", None),
        ("Fleet", None),
    ]:
        found.unit(name, within)
    found.account("dev one", "Dev", stage="dev", wave="2")
    found.account("dev two", "Dev", stage="dev", wave="1")
    found.account("prod web", "Prod", stage="prod")
    found.account("prod pay", "Payments", stage="prod", tier="gold")
    found.account("prod old", "Prod", stage="prod")
    found.account("play", "Sandbox")
    found.client.close_account(AccountId=found.accounts["prod old"])
    for number in range(FLEET):
        found.account(f"fleet-{number:03}", "Fleet")
    return found


@pytest.fixture
def rolecall(on_moto, organization):
    """The command without TARGETS, given what ORGANIZATION holds."""

    def _rolecall(*arguments, organization=None, **extra):
        if organization is not None:
            wish = {"role_name": "OrganizationAccountAccessRole", **organization}
            extra["ROLECALL_ORGANIZATION"] = json.dumps(wish)
        return on_moto(*arguments, **{"ROLECALL_TARGETS": "", "ROLECALL_COMMANDS": "true", **extra})

    return _rolecall


def names(done):
    return list(dict.fromkeys(result["target"] for result in done.report["results"]))


def reasons(done):
    return {a["name"]: a["reason"] for a in done.report["organization"]["accounts"]}


def test_plan_says_that_the_organisation_is_yet_to_be_read_and_asks_nobody(rolecall):
    done = rolecall("plan", organization={"units": ["Workloads"]}, AWS_ENDPOINT_URL=NOWHERE)
    assert done.code == 0, done.err
    assert "targets: what AWS Organizations lists; `rolecall plan --read` reads it" in done.out


def test_a_run_deploys_to_the_accounts_of_nested_units_in_the_order_given(rolecall, organization):
    units = ["Workloads/Prod", organization.units["Dev"]]
    done = rolecall("run", organization={"units": units})
    assert done.code == 0, done.out + done.err
    assert names(done) == ["prod-pay", "prod-web", "dev-one", "dev-two"]
    assert done.out.startswith("organisation: 4 of 5 accounts taken; left out: suspended (1)\n")
    assert reasons(done)["prod old"] == "suspended"
    Draft202012Validator(SCHEMA).validate(done.report)
    results = done.report["results"]
    account = organization.accounts["prod pay"]
    assert results[0]["role_arn"] == f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"


def test_the_whole_organisation_is_read_page_by_page(rolecall):
    done = rolecall("plan", "--read", organization={"exclude": ["/Sandbox", "dev *"]})
    assert done.code == 0, done.err
    assert f"rolecall: {FLEET + 2} targets" in done.out
    text = " ".join(done.out.split())
    assert f"organisation: {FLEET + 2} of {FLEET + 7} accounts taken" in text
    assert "excluded by dev * (2)" in text
    assert "excluded by /Sandbox (1)" in text
    assert "the management account (1)" in text


def test_a_unit_of_many_accounts_is_read_page_by_page(rolecall):
    done = rolecall("plan", "--read", organization={"units": "Fleet"})
    assert f"rolecall: {FLEET} targets" in done.out
    assert "fleet-000" in done.out
    assert f"fleet-{FLEET - 1:03}" in done.out


def test_the_check_tells_what_became_of_each_account_and_assumes_the_roles(rolecall, organization):
    wish = {"units": ["Workloads"], "tags": {"stage": ["prod"], "tier": "*"}}
    done = rolecall("plan", "--check", organization=wish)
    assert done.code == 0, done.out + done.err
    text = " ".join(done.out.split())
    for name, unit, verdict in [
        ("prod pay", "/Workloads/Prod/Payments", "prod-pay"),
        ("dev one", "/Workloads/Dev", "left out: tag stage is 'dev'"),
        ("prod web", "/Workloads/Prod", "left out: no tag tier"),
        ("prod old", "/Workloads/Prod", "left out: suspended"),
    ]:
        assert f"{organization.accounts[name]} {name} {unit} {verdict}" in text, done.out
    assert "  $ true\n\naccount " in done.out
    assert re.search(r"^organisation: [^\n]+\n( [^\n]+\n)*\noptions:", done.out, re.MULTILINE)
    assert f"prod-pay: ok, account {organization.accounts['prod pay']}" in done.out
    assert "1 of 1 role can be assumed" in done.out


def test_a_wave_tag_that_is_no_number_is_an_error_that_names_the_account(rolecall):
    wish = {"units": ["Workloads"], "wave_tag": "stage"}
    done = rolecall("plan", "--read", organization=wish)
    assert done.code == 2
    assert "the tag stage of account" in done.message
    assert "(dev one): 'dev' is no whole number from 1 to 1000" in done.message


def test_a_word_excludes_the_unit_of_that_name_where_no_account_has_it(rolecall):
    done = rolecall("run", organization={"exclude": ["Sandbox", "Fleet"]})
    assert names(done) == ["dev-one", "dev-two", "prod-pay", "prod-web"]
    assert reasons(done)["play"] == "excluded by Sandbox"


def test_an_exclusion_that_leaves_out_nothing_is_said(rolecall):
    done = rolecall("run", organization={"units": ["Workloads/Dev"], "exclude": ["devv*"]})
    assert done.code == 0
    assert "exclude names 'devv*', which leaves nothing out" in " ".join(done.out.split())
    assert done.report["organization"]["unused"] == ["devv*"]


def test_targets_that_are_listed_come_first_and_are_not_taken_twice(rolecall, organization):
    account = organization.accounts["dev two"]
    arn = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    done = rolecall(
        "run", organization={"units": ["Workloads/Dev"]}, ROLECALL_TARGETS=f"first={arn}"
    )
    assert names(done) == ["first", "dev-one"]
    assert reasons(done)["dev two"] == "among TARGETS already"


def test_a_unit_gives_its_accounts_regions_variables_and_a_wave(rolecall):
    units = [
        {"unit": "Workloads", "wave": 2, "regions": ["eu-west-1"], "variables": {"STAGE": "x"}},
        {"unit": "Workloads/Dev", "wave": 1},
    ]
    done = rolecall("run", organization={"units": units}, ROLECALL_COMMANDS="echo [$STAGE]")
    assert done.code == 0, done.out + done.err
    assert [(r["target"], r["region"]) for r in done.report["results"]] == [
        ("prod-pay", "eu-west-1"),
        ("prod-web", "eu-west-1"),
        ("dev-one", "eu-central-1"),
        ("dev-two", "eu-central-1"),
    ]
    assert done.out.count("[x]") == 2


def test_a_unit_that_there_is_none_of_is_an_error_that_lists_what_there_is(rolecall):
    units = ["Workloads/Prood", "ou-ab12-cd34ef56", "Workloads"]
    done = rolecall("run", organization={"units": units})
    assert done.code == 2
    assert (
        "ROLECALL_ORGANIZATION, units, entry 1: '/Workloads/Prood' is no unit: in /Workloads there"
        " is no 'Prood'; there are Dev, Prod"
    ) in done.message
    assert "entry 2: 'ou-ab12-cd34ef56' is no unit of this organisation" in done.message


def test_the_same_unit_by_path_and_by_id_is_an_error(rolecall, organization):
    units = ["Workloads", organization.units["Workloads"]]
    done = rolecall("run", organization={"units": units})
    assert done.code == 2
    assert "is the unit '/Workloads' again" in done.message


def test_no_account_taken_is_nothing_to_do(rolecall):
    done = rolecall("run", organization={"units": ["Sandbox"], "exclude": ["play"]})
    assert done.code == 3
    assert "organisation: 0 of 1 account taken; left out: excluded by play (1)" in done.message


def test_the_plan_shows_every_account_also_where_none_is_taken(rolecall, organization):
    done = rolecall("plan", "--read", organization={"units": ["Sandbox"], "tags": {"a": "*"}})
    assert done.code == 3
    account = organization.accounts["play"]
    assert f"{account}   play   /Sandbox   left out: no tag a" in done.out


def test_an_account_in_no_organisation_is_told_to_name_a_role(rolecall):
    role = "arn:aws:iam::999999999999:role/reader"
    done = rolecall("run", organization={"role": role, "units": ["Workloads"]})
    assert done.code == 2
    assert "AWSOrganizationsNotInUseException" in done.message
    assert f"the account of {role} is in no organisation" in done.message


def test_the_organisation_is_read_through_a_role(rolecall, organization, moto_url):
    # The hub's own account is in no organisation: without the role nothing is found.
    sts = boto3.client("sts", region_name="us-east-1", endpoint_url=moto_url, **KEYS)
    hub = sts.assume_role(RoleArn="arn:aws:iam::999999999999:role/hub", RoleSessionName="hub")
    keys = hub["Credentials"]
    source = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    wish = {"units": ["Workloads/Dev"]}
    assert rolecall("run", organization=wish, **source).code == 2
    reader = f"arn:aws:iam::{MANAGEMENT}:role/reader"
    done = rolecall("run", organization={**wish, "role": reader}, **source)
    assert done.code == 0, done.out + done.err
    assert names(done) == ["dev-one", "dev-two"]


def test_exec_finds_its_target_in_the_organisation(rolecall):
    done = rolecall(
        "exec", "dev-one", "--", "echo $ROLECALL_TARGET", organization={"units": "Workloads"}
    )
    assert (done.code, done.out) == (0, "dev-one\n"), done.err


def test_the_log_for_machines_has_what_was_found_by_reason(rolecall):
    done = rolecall("run", organization={"units": ["Workloads"]}, ROLECALL_LOG_FORMAT="json")
    event = json.loads(done.out.splitlines()[0])
    assert event["event"] == "organization_read"
    assert (event["accounts"], event["taken"], event["left_out"]) == (5, 4, {"suspended": 1})


def test_what_is_wrong_with_every_account_is_told_of_some_of_them(rolecall):
    done = rolecall("run", organization={"units": "Fleet"}, AWS_REGION="", AWS_DEFAULT_REGION="")
    assert done.code == 2
    assert done.message.count("has no region: set ROLECALL_REGIONS") == 50
    assert f"… and {FLEET - 50} more" in done.err


def test_other_mistakes_are_told_before_anybody_is_asked(rolecall):
    done = rolecall(
        "run", organization={"units": ["None"]}, ROLECALL_GRACE="x", AWS_ENDPOINT_URL=NOWHERE
    )
    assert done.code == 2
    assert done.message.count("ROLECALL_") == 1
