"""Discovery: what may be asked for, which accounts are taken in which order, and their names."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall.report import accounts
from rolecall.settings.load import load
from rolecall.targets import Build, resolve
from rolecall.targets.organization import NoSuchUnitError
from rolecall.targets.organization.discover import named
from rolecall.targets.organization.model import Account

HUB = "111111111111"
ROOT = "r-ab12"
DEV, PROD, PAY = (f"ou-ab12-{name}00000" for name in ("dev", "prd", "pay"))
# Each unit: what holds it, its name, its accounts as id: (name, state, tags).
UNITS = {
    ROOT: ("", "Root", {HUB: ("hub", "ACTIVE", {}), "900000000001": ("audit", "ACTIVE", {})}),
    DEV: (
        ROOT,
        "Dev",
        {
            "200000000003": ("Cosy", "ACTIVE", {"stage": "dev", "wave": "2"}),
            "200000000001": ("apple", "ACTIVE", {"stage": "dev", "wave": "1"}),
            "200000000002": ("berry", "ACTIVE", {"stage": "play"}),
        },
    ),
    PROD: (
        ROOT,
        "Prod",
        {
            "300000000001": ("web", "ACTIVE", {"stage": "prod"}),
            "300000000002": ("old", "SUSPENDED", {}),
            "300000000003": ("older", "PENDING_CLOSURE", {}),
            "300000000004": ("new", "PENDING_ACTIVATION", {}),
        },
    ),
    PAY: (PROD, "Pay", {"400000000001": ("pay", "ACTIVE", {"stage": "prod", "empty": ""})}),
}


def listed(unit_id, partition="aws"):
    return [
        {
            "Id": account_id,
            "Arn": f"arn:{partition}:organizations::{HUB}:account/o-x/{account_id}",
            "Name": name,
            "State": state,
            # The newest come first in a unit.
            "JoinedTimestamp": datetime.fromtimestamp(10_000 - number, UTC),
        }
        for number, (account_id, (name, state, _)) in enumerate(UNITS[unit_id][2].items())
    ]


def call(operation, request, partition="aws"):
    """The organisation above, on pages that may be empty."""
    if operation == "ListRoots":
        return {"Roots": [{"Id": ROOT, "Name": "Root"}]}
    if operation == "ListAccounts":
        return {"Accounts": [each for unit_id in UNITS for each in listed(unit_id, partition)]}
    if operation == "ListTagsForResource":
        tags = next(
            a[request["ResourceId"]][2] for *_, a in UNITS.values() if request["ResourceId"] in a
        )
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    if request["ParentId"] not in UNITS:
        raise NoSuchUnitError(request["ParentId"])
    if operation == "ListAccountsForParent":
        if "NextToken" not in request:
            return {"Accounts": [], "NextToken": "on"}
        return {"Accounts": listed(request["ParentId"], partition)}
    within = [(i, name) for i, (up, name, _) in UNITS.items() if up == request["ParentId"]]
    return {"OrganizationalUnits": [{"Id": unit_id, "Name": name} for unit_id, name in within]}


@pytest.fixture
def discovered(tmp_path):
    """Resolves what ORGANIZATION asks for, in the variable or in rolecall.yml."""

    def _discovered(wish=None, file="", call=call, region="eu-central-1", **variables):
        environ = {f"ROLECALL_{name}": value for name, value in variables.items()}
        if wish is not None:
            text = wish if isinstance(wish, str) else json.dumps({"role_name": "deploy", **wish})
            environ["ROLECALL_ORGANIZATION"] = text
        if file:
            (tmp_path / "rolecall.yml").write_text(file)
        loaded = load(environ=environ, flags={}, folder=tmp_path)
        assert not loaded.problems
        return resolve(
            loaded,
            build=Build(),
            default_region=region,
            read_list=lambda where: where,
            organization=lambda wish: call,
        )

    return _discovered


def names(found):
    assert [str(problem) for problem in found.problems] == []
    return [target.name for target in found.targets]


def reasons(found):
    return {d.account.name: d.reason for d in found.found.decisions if not d.taken}


def messages(found):
    return [str(problem) for problem in found.problems]


EVERY = ["apple", "audit", "berry", "Cosy", "pay", "web"]


@pytest.mark.parametrize(
    ("wish", "taken"),
    [
        ({}, EVERY),
        ({"units": "/"}, EVERY),
        ({"units": [ROOT]}, EVERY),
        ({"order": "account"}, ["apple", "berry", "Cosy", "web", "pay", "audit"]),
        ({"units": "Dev", "order": "joined"}, ["berry", "apple", "Cosy"]),
        ({"units": ["Prod", "Dev"]}, ["pay", "web", "apple", "berry", "Cosy"]),
        ({"units": [DEV, "Prod/Pay"]}, ["apple", "berry", "Cosy", "pay"]),
        # The nearest of the units has the say, also about the order.
        ({"units": ["Prod/Pay", "Prod"]}, ["pay", "web"]),
        ({"units": ["Prod", "Prod/Pay"]}, ["web", "pay"]),
        ({"units": ["Prod"], "exclude": ["Prod/Pay"]}, ["web"]),
        ({"units": ["Prod"], "exclude": [PAY]}, ["web"]),
        ({"units": ["Prod/Pay"], "exclude": ["/Prod"]}, ["pay"]),
        ({"exclude": ["/Prod"]}, ["apple", "audit", "berry", "Cosy"]),
        ({"exclude": ["Prod"]}, ["apple", "audit", "berry", "Cosy"]),
        ({"exclude": "audit"}, ["apple", "berry", "Cosy", "pay", "web"]),
        ({"exclude": ["200000000001", "a*t", "?eb", "[Cp]*"]}, ["berry"]),
        ({"tags": {"stage": "prod"}}, ["pay", "web"]),
        ({"tags": {"stage": ["dev", "play"]}}, ["apple", "berry", "Cosy"]),
        ({"tags": {"stage": "*", "wave": "*"}}, ["apple", "Cosy"]),
        ({"tags": {"empty": "*"}}, ["pay"]),
        ({"tags": {"Stage": "*"}}, []),
    ],
)
def test_accounts_are_taken_by_unit_name_id_and_tag_in_order(discovered, wish, taken):
    assert names(discovered(wish)) == taken


def test_each_account_left_out_has_its_reason(discovered):
    found = discovered(
        {"exclude": ["/Prod/Pay", "a*"], "tags": {"wave": "1"}},
        ALLOWED_ACCOUNTS="200000000001,200000000002,200000000003,900000000001",
    )
    assert reasons(found) == {
        "hub": "the management account",
        "old": "suspended",
        "older": "pending closure",
        "new": "pending activation",
        "pay": "excluded by /Prod/Pay",
        "apple": "excluded by a*",
        "audit": "excluded by a*",
        "web": "not among ALLOWED_ACCOUNTS",
        "berry": "no tag wave",
        "Cosy": "tag wave is '2'",
    }


def test_an_id_or_a_pattern_that_excludes_nothing_is_kept_to_be_said(discovered):
    terms = ["x*", "[xyz]", "222222222222", "ou-ab12-none00000", "older", "/Prod"]
    found = discovered({"exclude": terms})
    assert names(found) == ["apple", "audit", "berry", "Cosy"]
    assert found.found.unused == tuple(terms[:4])
    # The unit is there, and none of its accounts was asked for.
    assert discovered({"units": ["Dev"], "exclude": ["/Prod"]}).found.unused == ("/Prod",)


@pytest.mark.parametrize(
    ("term", "hint"),
    [
        ("Prod/Payy", "; did you mean 'Prod/Pay'?"),
        ("/Prodd", "; did you mean 'Prod'?"),
        ("Prodd", "; did you mean 'Prod'?"),
        ("aple", "; did you mean 'apple'?"),
        ("r-prod", "; did you mean 'Prod'?"),
        ("Prod/P*", "; did you mean 'Prod/Pay'?"),
        ("Nowhere", ""),
    ],
)
def test_a_name_or_a_path_that_excludes_nothing_is_a_mistake(discovered, term, hint):
    (problem,) = messages(discovered({"exclude": [term, "/Prod/Pay"]}))
    assert problem == (
        f"ROLECALL_ORGANIZATION, exclude, entry 1: '{term}' leaves nothing out: no account or unit"
        f" that was read is called that{hint} (where it is gone for good, take it out)"
    )


def test_a_word_that_is_a_unit_s_further_down_is_answered_with_its_path(discovered):
    (problem,) = messages(discovered({"units": "/", "exclude": ["Pay"]}))
    assert "did you mean 'Prod/Pay'?" in problem


def with_accounts(names, unit=None):
    """The organisation with more accounts, by name: their ids begin with 5. And more units."""

    def called(operation, request):
        answer = call(operation, request)
        if operation == "ListAccounts" or request.get("ParentId") == (unit or ROOT):
            more = [
                {
                    "Id": f"{500_000_000_000 + number}",
                    "Arn": f"arn:aws:organizations::{HUB}:account/o-x/{500_000_000_000 + number}",
                    "Name": name,
                    "State": "ACTIVE",
                }
                for number, name in enumerate(names)
            ]
            if "Accounts" in answer and "NextToken" not in answer:
                return {**answer, "Accounts": [*answer["Accounts"], *more]}
        return answer

    return called


@pytest.mark.parametrize(
    ("account", "term", "more"),
    [
        ("Prod", "Prod", {"web", "pay"}),
        ("[PROD] payments", "[PROD] payments", set()),
        ("[Dev]", "[Dev]", set()),
        ("r-prod", "r-prod", set()),
        ("Prod / Pay", "Prod / Pay", {"pay"}),
        ("a / b", "a / b", set()),
        ("a*", "a*", {"apple", "audit"}),
        ("200000000001", "200000000001", {"apple"}),
        (PAY, PAY, {"pay"}),
        ("/Prod", "/Prod", {"web", "pay"}),
        ("[PROD] one", "[PROD] *", set()),
    ],
)
def test_all_that_a_term_may_mean_is_left_out(discovered, account, term, more):
    found = discovered({"exclude": [term]}, call=with_accounts([account]))
    kept = [name for name in EVERY if name not in more]
    assert names(found) == kept
    assert reasons(found)[account] == f"excluded by {term}"


def test_a_new_account_takes_no_unit_out_of_what_is_excluded(discovered):
    before = names(discovered({"exclude": ["Prod"]}))
    assert names(discovered({"exclude": ["Prod"]}, call=with_accounts(["Prod"]))) == before


def test_a_name_with_brackets_that_is_misspelt_is_a_mistake(discovered):
    found = discovered({"exclude": ["[PROD] paymnts"]}, call=with_accounts(["[PROD] payments"]))
    assert "did you mean '[PROD] payments'?" in messages(found)[0]


def test_an_account_called_by_another_s_id_is_no_target(discovered):
    called = with_accounts(["200000000001"])
    (problem,) = messages(discovered({}, call=called))
    assert "account 500000000000 is called '200000000001', which is the id of another" in problem
    assert "500000000000" not in str(discovered({"exclude": ["500000000000"]}, call=called).targets)
    found = discovered({"name": "{name}-{account}"}, call=called)
    assert "200000000001-500000000000" in names(found)


SLASHED = {
    "ou-ab12-aaaa0000": (ROOT, "A", {}),
    "ou-ab12-bbbb0000": ("ou-ab12-aaaa0000", "B", {"600000000001": ("below", "ACTIVE", {})}),
    "ou-ab12-cccc0000": (ROOT, "A / B", {"600000000002": ("beside", "ACTIVE", {})}),
}


def test_a_path_that_two_units_have_excludes_both_and_takes_none(discovered, monkeypatch):
    for unit_id, unit in SLASHED.items():
        monkeypatch.setitem(UNITS, unit_id, unit)
    assert names(discovered({"exclude": ["A/B"]})) == EVERY
    (problem,) = messages(discovered({"units": ["A/B"]}))
    ids = "ou-ab12-bbbb0000 and ou-ab12-cccc0000"
    assert problem.endswith(f"entry 1: '/A/B' is the path of {ids}; write the id of one")
    assert names(discovered({"units": ["ou-ab12-cccc0000"]})) == ["beside"]


def test_a_unit_whose_name_looks_like_an_id_is_reached_by_its_path(discovered, monkeypatch):
    monkeypatch.setitem(UNITS, "ou-ab12-eeee0000", (ROOT, "r-prod", {}))
    assert names(discovered({"units": ["/r-prod", "Dev"]})) == ["apple", "berry", "Cosy"]
    (problem,) = messages(discovered({"units": ["r-prod"]}))
    assert problem.endswith("is no unit of this organisation; a unit of that name is /r-prod")


TERMS = st.sampled_from(
    ["Prod", "/Prod", "Prod/Pay", PAY, "a*", "[aw]*", "?eb", "web", "200000000002", "Dev", "[D]"]
)
NAMES = st.sampled_from(["Prod", "Dev", "Pay", "a*", "[aw]*", "[D]", "Prod/Pay", PAY, "?eb", "web"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(terms=st.lists(TERMS, min_size=1, max_size=3, unique=True), named=NAMES)
def test_no_name_of_a_new_account_brings_another_one_back(discovered, terms, named):
    before = {d.account.account_id for d in discovered({"exclude": terms}).found.taken()}
    after = discovered({"exclude": terms}, call=with_accounts([named])).found
    assert {d.account.account_id for d in after.taken()} <= before | {"500000000000"}
    assert (named in terms) <= ("500000000000" not in {d.account.account_id for d in after.taken()})


def stated(**fields):
    """The organisation as it is told where each account has these fields for its state."""

    def called(operation, request):
        answer = call(operation, request)
        if "Accounts" not in answer:
            return answer
        accounts = []
        for account in answer["Accounts"]:
            state = account["State"]
            kept = {key: value for key, value in account.items() if key != "State"}
            accounts.append(kept | {key: value or state for key, value in fields.items()})
        return {**answer, "Accounts": accounts}

    return called


@pytest.mark.parametrize("fields", [{"State": ""}, {"Status": ""}, {"State": "", "Status": ""}])
def test_either_name_of_an_account_s_state_will_do(discovered, fields):
    assert names(discovered({}, call=stated(**fields))) == EVERY


@pytest.mark.parametrize("other", [{"State": "", "Status": "CLOSED"}, {"State": "X", "Status": ""}])
def test_an_account_is_active_only_where_nothing_says_otherwise(discovered, other):
    assert names(discovered({}, call=stated(**other))) == []


def test_an_account_whose_state_nothing_says_is_not_taken_and_counted(discovered):
    found = discovered({}, call=stated())
    assert names(found) == []
    assert reasons(found)["web"] == reasons(found)["old"] == "state unknown"
    said = accounts.summary(found.found)
    assert said.startswith("organisation: 0 of 10 accounts taken; left out: state unknown (9), ")
    assert said.endswith("is read by botocore>=1.40.27: install it")


def test_an_account_is_in_the_partition_that_its_arn_says(discovered):
    def chinese(operation, request):
        return call(operation, request, "aws-cn")

    found = discovered({"exclude": ["[!w]*"]}, call=chinese, region="cn-north-1")
    assert [t.role.text for t in found.targets] == ["arn:aws-cn:iam::300000000001:role/deploy"]


@pytest.mark.parametrize(
    ("template", "role"),
    [
        ("/ci/deploy", "arn:aws:iam::400000000001:role/ci/deploy"),
        ("deploy-{name}", "arn:aws:iam::400000000001:role/deploy-pay"),
        ("arn:{partition}:iam::{account}:role/x", "arn:aws:iam::400000000001:role/x"),
    ],
)
def test_the_roles_come_from_role_name_or_from_role(discovered, template, role):
    found = discovered({"units": ["Prod/Pay"], "role_name": template})
    assert [target.role.text for target in found.targets] == [role]
    found = discovered({"units": ["Prod/Pay"], "role_name": ""}, ROLE=template)
    assert [target.role.text for target in found.targets] == [role]


def test_a_units_options_go_to_its_accounts_and_those_of_a_unit_within_win(discovered):
    file = """
organization:
  role_name: deploy
  units:
    - unit: Prod
      wave: 2
      regions: [eu-west-1, eu-west-2]
      variables: {STAGE: prod}
      external_id: "4711"
    - {unit: Prod/Pay, wave: 1}
"""
    web, pay = discovered(file=file).targets
    assert (web.wave, web.regions, web.variables) == (
        2,
        ("eu-west-1", "eu-west-2"),
        (("STAGE", "prod"),),
    )
    assert web.session.external_id == "4711"
    assert (pay.wave, pay.regions, pay.session.external_id) == (1, ("eu-central-1",), "")


def test_a_wave_tag_wins_over_the_units_wave_and_none_comes_last(discovered):
    units = [{"unit": "Dev", "wave": 7}, "Prod/Pay"]
    found = discovered({"units": units, "wave_tag": "wave"})
    assert {target.name: target.wave for target in found.targets} == {
        "apple": 1,
        "Cosy": 2,
        "berry": 7,
        "pay": 8,
    }


def test_listed_targets_come_first_and_keep_their_role_to_themselves(discovered):
    listed = "mine=arn:aws:iam::200000000001:role/deploy berry=arn:aws:iam::500000000001:role/x"
    found = discovered({"units": ["Dev"]}, TARGETS=listed)
    assert names(found) == ["mine", "berry", "berry-200000000002", "Cosy"]
    assert reasons(found) == {"apple": "among TARGETS already"}


def test_a_targets_variable_alone_stands_beside_discovery_too(discovered):
    found = discovered({"units": ["Dev"]}, TARGET_HUB="arn:aws:iam::111111111111:role/deploy")
    assert names(found) == ["hub", "apple", "berry", "Cosy"]


@pytest.mark.parametrize(
    ("template", "given", "wanted"),
    [
        ("{name}", ["Team A / Prod"], ["Team-A-Prod"]),
        ("{name}", ["Zürich (élan)"], ["Zurich-elan"]),
        ("{name}", ["東京"], ["100000000000"]),
        ("{name}", ["x" * 50, "x-"], ["x" * 50, "x"]),
        ("{account}", ["a", "b"], ["100000000000", "100000000001"]),
        ("{account}.{name}", ["a b"], ["100000000000.a-b"]),
        ("{name}", ["a b", "a-b", "c"], ["a-b-100000000000", "a-b-100000000001", "c"]),
        ("{name}", ["taken"], ["taken-100000000000"]),
        ("{name}", ["DEFAULT", "Default"], ["DEFAULT-100000000000", "Default"]),
        ("long" * 15 + "-{name}", ["x" * 9], [("long" * 15 + "-xxx")]),
    ],
)
def test_names_are_made_fit_and_unlike_each_other(template, given, wanted):
    listed = [
        Account(
            account_id=f"{100_000_000_000 + number}",
            name=name,
            partition="aws",
            state="ACTIVE",
            joined=0,
            management=False,
        )
        for number, name in enumerate(given)
    ]
    assert named(listed, template, {"taken"}) == wanted


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ("{}", 'is empty; write {"units": ["/"]} for the whole organisation'),
        ("[]", "is no mapping"),
        ("Prod", 'is no mapping; write a mapping, such as {"units"'),
        ('{"units"', "starts as JSON but is not"),
        ({"unit": "x"}, "unit: 'unit' is none of ORGANIZATION's keys; did you mean units?"),
        ({"units": {"a": 1}}, "units: is a mapping; write a list"),
        ({"units": ["ou-ab12"]}, "units, entry 1: 'ou-ab12' is no unit's id"),
        ({"units": ["a", "a/"]}, "units, entry 2: '/a' stands there twice"),
        ({"units": ["a//b"]}, "units, entry 1: 'a//b' is no unit"),
        ({"units": ["222222222222"]}, "is an account id; give single accounts in TARGETS"),
        ({"units": [{"wave": 1}]}, "units, entry 1: '' is no unit"),
        ({"units": [{"unit": "a", "wave": 0}]}, "units, entry 1, wave: '0' is no whole number"),
        ({"units": [{"unit": "a", "name": "b"}]}, "'name' is none of a unit's keys"),
        ({"units": [{"unit": "a", "variables": {"AWS_PROFILE": "x"}}]}, "does not set itself"),
        ({"units": [["a"]]}, "units, entry 1: is a list; write one value"),
        ({"tags": "stage"}, "tags: is no mapping"),
        ({"tags": {"stage": []}}, "tags, stage: 'stage' has no value; write * for any"),
        ({"tags": {"stage": {"a": "b"}}}, "tags, stage: is a mapping; write a list"),
        ({"exclude": ["22222222222"]}, "exclude, entry 1: '22222222222' is no account id"),
        ({"exclude": ["ou-x"]}, "exclude, entry 1: 'ou-x' is no unit's id"),
        ({"role_name": "a b"}, "role_name: "),
        ({"role_name": "x-{ou}"}, "has the field {ou}; known are {account}, {name}, {partition}"),
        ({"role_name": "arn:aws:iam::222222222222:role/x"}, "write {account} in role_name"),
        ({"role": "reader"}, "role: 'reader' is no ARN"),
        ({"name": "same"}, "name: 'same' gives every target the same name"),
        ({"name": "{ou}"}, "name: '{ou}' has the field {ou}"),
        ({"order": "age"}, "order: 'age' is none of name, account, joined"),
        ({"wave_tag": ["a"]}, "wave_tag: is a list"),
        ({"role_name": ""}, "has no role_name, and ROLECALL_ROLE is not set"),
    ],
)
def test_a_wish_that_will_not_do_is_told_with_its_place_and_nobody_is_asked(
    discovered, wish, message
):
    def nobody(operation, request):
        pytest.fail(f"{operation} was called")

    found = discovered(wish, call=nobody)
    (problem,) = messages(found)
    assert problem.startswith("ROLECALL_ORGANIZATION")
    assert message in problem


def test_mistakes_in_the_file_are_told_together_with_their_lines(discovered):
    file = "organization:\n  units:\n    - unit: a\n      wav: 1\n  ordr: name\n"
    assert messages(discovered(file=file, ROLE="deploy")) == [
        "rolecall.yml:4: 'wav' is none of a unit's keys; did you mean wave?",
        "rolecall.yml:5: 'ordr' is none of ORGANIZATION's keys; did you mean order?",
    ]


def test_units_that_there_are_none_of_are_all_told_with_what_there_is(discovered):
    found = discovered({"units": ["Prd", "Prod/Web", "ou-ab12-none00000", "Dev"]})
    first, second, third = messages(found)
    place = "ROLECALL_ORGANIZATION, units, entry"
    assert first == f"{place} 1: '/Prd' is no unit: in / there is no 'Prd'; there are Dev, Prod"
    there = "in /Prod there is no 'Web'; there are Pay"
    assert second == f"{place} 2: '/Prod/Web' is no unit: {there}"
    assert third == f"{place} 3: 'ou-ab12-none00000' is no unit of this organisation"
    assert "there are no units" in messages(discovered({"units": ["Dev/x"]}))[0]


def test_one_unit_by_two_names_is_told(discovered):
    assert f"'{DEV}' is the unit '/Dev' again" in messages(discovered({"units": ["Dev", DEV]}))[0]


def test_without_a_reader_the_organisation_is_among_what_was_not_read(tmp_path):
    text = json.dumps({"role_name": "deploy"})
    loaded = load(environ={"ROLECALL_ORGANIZATION": text}, flags={}, folder=tmp_path)
    found = resolve(
        loaded, build=Build(), default_region="eu-west-1", read_list=lambda where: where
    )
    assert (found.targets, found.unread, found.found) == ((), ("AWS Organizations",), None)


@pytest.mark.parametrize("key", ["units", "tags", "exclude"])
@pytest.mark.parametrize("empty", [[], {}, None, "", " ", ",", [""], [None]])
def test_a_part_that_narrows_must_not_be_empty(discovered, key, empty):
    found = discovered({"role_name": "deploy", key: empty})
    assert [str(problem).partition(": ")[2] for problem in found.problems] == [
        f"is empty, which would narrow nothing; leave {key} out for that"
    ]
