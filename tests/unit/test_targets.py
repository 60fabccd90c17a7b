"""Targets: the grammar of TARGETS, what is refused, names, and session names."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rolecall.settings.load import load
from rolecall.settings.sources import BadValueError
from rolecall.targets import Build, arns, grammar, lists, names, resolve

TWELVE = "an account id has 12 digits"
DEV = "arn:aws:iam::222222222222:role/deploy"
TEST = "arn:aws:iam::333333333333:role/deploy"


@pytest.fixture
def resolved(tmp_path):
    """Resolves targets from variables or the text of rolecall.yml."""

    def _resolve(targets="", file="", texts=None, build=None, region="eu-central-1", **variables):
        environ = {f"ROLECALL_{name}": value for name, value in variables.items()}
        if targets:
            environ["ROLECALL_TARGETS"] = targets
        if file:
            (tmp_path / "rolecall.yml").write_text(file)
        loaded = load(environ=environ, flags={}, folder=tmp_path)
        assert not loaded.problems

        def read(where):
            if where not in (texts or {}):
                raise BadValueError(f"{where!r} is not there")
            return texts[where]

        return resolve(
            loaded,
            build=build or Build(),
            default_region=region,
            read_list=read,
            remote=texts is not None,
        )

    return _resolve


def summary(found):
    assert [str(problem) for problem in found.problems] == []
    return [(target.name, target.role.text) for target in found.targets]


def messages(found):
    return [str(problem) for problem in found.problems]


@pytest.mark.parametrize(
    "separator", [" ", ",", ", ", "\n", ",\n", "\t", " ,, ", "\n# a comment, as: arn:x\n"]
)
def test_entries_are_apart_by_white_space_newlines_or_commas(separator):
    entries = grammar.split(f"dev={DEV}{separator}{TEST},")
    assert [(e.name, e.value) for e in entries] == [("dev", DEV), ("", TEST)]


@pytest.mark.parametrize(
    "role",
    ["a,b", "a=b", "a@b", "a,b=c", "a+b.c-d_e", "path/to/role", "p,q/r=s/a,b=c@d", "x,name"],
)
def test_role_names_may_hold_what_separates_elsewhere(role):
    odd = f"arn:aws:iam::222222222222:role/{role}"
    entries = grammar.split(f"{odd},x={odd},333333333333,{odd},ssm:/list,y=444444444444")
    assert [(e.name, e.value) for e in entries] == [
        ("", odd),
        ("x", odd),
        ("", "333333333333"),
        ("", odd),
        ("", "ssm:/list"),
        ("y", "444444444444"),
    ]


def test_words_and_ids_are_apart_by_commas():
    assert [e.value for e in grammar.split("dev,tst,222222222222,s3://b/a,b file:x")] == [
        "dev",
        "tst",
        "222222222222",
        "s3://b/a,b",
        "file:x",
    ]


@pytest.mark.parametrize(
    "partition",
    [
        "aws",
        "aws-cn",
        "aws-us-gov",
        "aws-iso",
        "aws-iso-b",
        "aws-iso-e",
        "aws-iso-f",
        "aws-eusc",
    ],
)
def test_every_partition_is_known(partition):
    role = arns.parse(f"arn:{partition}:iam::222222222222:role/a/b/c")
    assert (role.partition, role.account_id, role.name) == (partition, "222222222222", "c")
    assert arns.partition_of(arns.HOME_REGIONS[partition]) == partition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "arn:aws:sts::222222222222:assumed-role/deploy/me",
            "write its role's: arn:aws:iam::222222222222:role/deploy",
        ),
        ("arn:aws:iam::222222222222:user/me", "names a user, which cannot be assumed"),
        ("arn:aws:iam::222222222222:root", "names a root, which cannot be assumed"),
        ("arn:aws:iam::222222222222:role/*", "holds a wildcard"),
        ("arn:aws:iam::22222222222:role/x", "an account id has 12 digits"),
        ("arn:aws:iam:eu-west-1:222222222222:role/x", "names a region"),
        ("arn:aws:s3:::bucket", "is of s3"),
        ("arn:amazon:iam::222222222222:role/x", "no partition known here"),
        ("arn:aws:iam", "is no ARN"),
        ("arn:aws:iam::222222222222:role/a!b", "a role name that IAM does not allow"),
        ("222222222222", "set ROLECALL_ROLE"),
        ("2222", "it has 4 digits, not 12"),
        ("2222-2222-2222", "write 222222222222"),
        ("dev", "ROLECALL_TARGET_DEV is not set"),
        ("x=ssm:/list", "a list to read takes no name"),
        ('[{"name": "x"}]', "has no role_arn"),
        ('[{"role_arn": "x"}]', "neither an ARN nor an account id"),
        ("[1.5]", "neither an ARN nor an account id"),
        ("[[1]]", "is no target"),
        ('["', "starts as JSON"),
        ('[{"rolearn": "x"}]', "none of a target's keys"),
        ('[{"role_arn": ["x"]}]', "is a list"),
        ('[{"variables": {"AWS_PROFILE": "x"}}]', "does not set itself"),
        ('[{"variables": {"ROLECALL_X": "x"}}]', "does not set itself"),
        ('[{"duration": "1d"}]', "is no length of time"),
    ],
)
def test_what_is_no_target_is_refused_with_what_to_write(resolved, text, message):
    found = resolved(text)
    assert message in messages(found)[0]
    assert messages(found)[0].startswith("ROLECALL_TARGETS")
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (f"a={DEV};b={DEV}", "holds a second ARN"),
        (f"dev = {DEV}", "without blanks around `=`"),
        (f"dev:{DEV}", "an entry is name=arn:aws:iam::…"),
        ([{"account": "333333333333", "role_arn": DEV}], "account 333333333333 is not that of"),
        ([{"rolearn": DEV}], "did you mean role_arn?"),
    ],
)
def test_slips_are_told_with_what_was_meant(resolved, targets, message):
    given = targets if isinstance(targets, str) else json.dumps(targets)
    assert any(message in str(problem) for problem in resolved(given).problems)


def test_an_empty_value_of_a_target_s_own_undoes_the_one_for_all(resolved):
    own = [{"role_arn": DEV, "external_id": "", "via": [], "regions": []}]
    found = resolved(json.dumps(own), EXTERNAL_ID="for-all", VIA=TEST, REGIONS="eu-west-1")
    assert not found.problems
    target = found.targets[0]
    assert (target.session.external_id, target.session.via) == ("", ())
    assert target.regions == ("eu-west-1",)


@pytest.mark.parametrize("value", ["deploy", f"y={DEV}", "file:x"])
def test_a_target_variable_holds_one_role_and_nothing_else(resolved, value):
    message = "ROLECALL_TARGET_Y: "
    assert messages(resolved(TARGET_Y=value))[0].startswith(message)
    assert messages(resolved("y", TARGET_Y=value))[0].startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"dev": "a", "dev": "b"}', "has 'dev' twice in one object"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_json_that_says_two_things_or_too_much_is_refused(resolved, text, message):
    assert message in messages(resolved(text))[0]


def test_hops_of_another_partition_are_refused(resolved):
    via = "arn:aws-cn:iam::222222222222:role/x"
    assert "VIA has arn:aws-cn" in messages(resolved(DEV, VIA=via))[0]


def test_a_word_refers_to_a_variable(resolved):
    found = resolved("tst,dev x=my.acc", TARGET_DEV=DEV, TARGET_TST=TEST, TARGET_MY_ACC=DEV + "2")
    assert summary(found) == [("tst", TEST), ("dev", DEV), ("x", DEV + "2")]


def test_variables_are_used_in_name_order_where_targets_names_none(resolved):
    found = resolved(TARGET_TST=TEST, TARGET_DEV_EU=DEV, TARGET_EMPTY="")
    assert summary(found) == [("dev-eu", DEV), ("tst", TEST)]


def test_account_ids_take_their_role_from_role(resolved):
    found = resolved("222222222222 x=333333333333", ROLE="a/{name}-role")
    assert summary(found) == [
        ("222222222222", "arn:aws:iam::222222222222:role/a/222222222222-role"),
        ("x", "arn:aws:iam::333333333333:role/a/x-role"),
    ]
    found = resolved(
        "222222222222", ROLE="arn:{partition}:iam::{account}:role/x", region="cn-north-1"
    )
    assert found.targets[0].role.text == "arn:aws-cn:iam::222222222222:role/x"


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("{nam}", "has the field {nam}"),
        ("{", "is no template"),
        ("{}", "has the field {}"),
        (DEV, "is of another account"),
        ("a b", "role name that IAM does not allow"),
    ],
)
def test_a_role_that_gives_no_arn_is_refused(resolved, role, message):
    assert message in messages(resolved("333333333333", ROLE=role))[0]


def test_json_takes_objects_strings_and_mappings(resolved):
    own = {
        "name": "dev",
        "role_arn": DEV,
        "regions": ["us-east-1"],
        "variables": {"STAGE": "dev", "N": 1, "B": True},
        "external_id": "abc",
        "duration": 900,
        "tags": "",
    }
    found = resolved(json.dumps([own, f"tst={TEST}", ""]))
    assert summary(found) == [("dev", DEV), ("tst", TEST)]
    dev, tst = found.targets
    assert dev.regions == ("us-east-1",)
    assert dev.variables == (("STAGE", "dev"), ("N", "1"), ("B", "true"))
    assert (dev.session.external_id, dev.session.duration) == ("abc", 900)
    assert (tst.session.external_id, tst.session.duration) == ("", 3600)
    assert summary(resolved(json.dumps({"a": DEV, "b": {"role_arn": TEST}}))) == [
        ("a", DEV),
        ("b", TEST),
    ]
    assert summary(resolved('{"a": {"account": "333333333333"}}', ROLE="deploy")) == [("a", TEST)]


def test_the_file_takes_a_list_or_a_mapping_and_mistakes_have_lines(resolved):
    file = f"""
targets:
  - name: dev
    role_arn: {DEV}
    duration: 1d
  - {TEST}
  - arn:aws:iam::1:role/x
"""
    assert messages(resolved(file=file)) == [
        "rolecall.yml:5: '1d' is no length of time; write 90, 90s, 15m or 1h",
        "rolecall.yml:7: 'arn:aws:iam::1:role/x' has the account id '1'; " + TWELVE,
    ]
    mapping = f"targets:\n  dev: {DEV}\n  tst:\n    role_arn: {TEST}\n"
    assert summary(resolved(file=mapping)) == [("dev", DEV), ("tst", TEST)]


def test_text_in_the_file_is_read_like_the_variable(resolved):
    found = resolved(file=f"targets: |\n  dev={DEV}\n  nope\n")
    assert messages(found)[0].startswith("rolecall.yml:1: 'nope' is neither")


def test_lists_are_read_in_place(resolved):
    texts = {"ssm:/a": f"x={DEV}\n", "s3://b/c": json.dumps([{"name": "y", "role_arn": TEST}])}
    third = "arn:aws:iam::444444444444:role/z"
    found = resolved(f"ssm:/a,z={third} s3://b/c", texts=texts)
    assert summary(found) == [("x", DEV), ("z", third), ("y", TEST)]


def test_lists_in_aws_are_left_unread_where_asked_for(resolved):
    found = resolved("ssm:/a s3://b/c")
    assert found.unread == ("ssm:/a", "s3://b/c")
    assert not found.targets


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file:gone", "ROLECALL_TARGETS, entry 1: 'file:gone' is not there"),
        ("ssm:/nested", "a list may not name another"),
        ("ssm:/bad", "ROLECALL_TARGETS, entry 1, ssm:/bad, entry 1: '12' is no account id"),
    ],
)
def test_a_list_that_is_not_right_is_told(resolved, text, message):
    texts = {"ssm:/nested": "ssm:/other", "ssm:/bad": "12"}
    assert message in messages(resolved(text, texts=texts))[0]


def test_a_file_is_read_whole_and_as_text(tmp_path):
    (tmp_path / "list").write_bytes(b"\xef\xbb\xbfa\r\n")
    assert lists.read("file:list", folder=tmp_path, fetch=None) == "a\r\n"
    assert lists.read("ssm:/x", folder=tmp_path, fetch=lambda where: b"y") == "y"
    for where, content, message in [
        ("file:none", None, "cannot be read: No such file"),
        ("file:binary", b"\xff", "is not UTF-8"),
        ("file:page", b"\n <!DOCTYPE html>", "gives a page of HTML or XML"),
        ("file:big", b"x" * (lists.MOST_BYTES + 1), "is over 5,000,000 bytes"),
        ("s3://b/k", None, "is read by `run`"),
    ]:
        if content:
            (tmp_path / where.removeprefix("file:")).write_bytes(content)
        with pytest.raises(BadValueError, match=message):
            lists.read(where, folder=tmp_path, fetch=None)


def test_names_derive_from_the_account_made_unique_by_the_role(resolved):
    other = "arn:aws:iam::222222222222:role/other,role"
    assert summary(resolved(f"{DEV} {other} {TEST}")) == [
        ("222222222222-deploy", DEV),
        ("222222222222-other-role", other),
        ("333333333333", TEST),
    ]
    assert summary(resolved(f"222222222222={DEV} {other}"))[1][0] == "222222222222-other-role"


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (f"{DEV} x={DEV}", f"{DEV} stands in ROLECALL_TARGETS, entry 1 already"),
        (f"x={DEV} x={TEST}", "'x' is already the name of ROLECALL_TARGETS, entry 1"),
        (f"{DEV} arn:aws-cn:iam::444444444444:role/x", "credentials do not cross partitions"),
        (json.dumps([{"name": "a b", "role_arn": DEV}]), "'a b' is no name"),
        (json.dumps([{"role_arn": DEV, "regions": "cn-north-1"}]), "is not of the partition"),
        (json.dumps([{"role_arn": DEV, "transitive_tags": "t"}]), "TRANSITIVE_TAGS names 't'"),
        (json.dumps([{"role_arn": DEV, "session_name": "{x}"}]), "has the field {x}"),
    ],
)
def test_targets_that_do_not_fit_together_are_refused(resolved, targets, message):
    assert any(message in text for text in messages(resolved(targets)))


def test_the_same_role_may_be_deployed_in_other_regions(resolved):
    own = [{"name": r, "role_arn": DEV, "regions": r} for r in ("eu-west-1", "eu-west-2")]
    assert len(summary(resolved(json.dumps(own)))) == 2


def test_a_target_needs_a_region(resolved):
    assert "has no region: set ROLECALL_REGIONS" in messages(resolved(DEV, region=""))[0]
    assert resolved(DEV, REGIONS="eu-west-1,eu-west-2").targets[0].regions == (
        "eu-west-1",
        "eu-west-2",
    )


def test_other_accounts_than_the_allowed_are_refused(resolved):
    found = resolved(f"{DEV} {TEST}", ALLOWED_ACCOUNTS="222222222222")
    assert messages(found) == [
        "ROLECALL_TARGETS, entry 2: account 333333333333 is not among ALLOWED_ACCOUNTS"
    ]


def test_bad_targets_are_not_resolved_a_second_time(tmp_path):
    (tmp_path / "rolecall.yml").write_text("targets: [")
    loaded = load(environ={}, flags={}, folder=tmp_path)
    assert loaded.problems
    bad = replace(loaded, bad=frozenset({"TARGETS"}))
    found = resolve(bad, build=Build(), default_region="", read_list=str)
    assert not found.problems


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (Build(), "rolecall-local"),
        (Build(user="Jane Doe"), "rolecall-Jane-Doe"),
        (Build(build_id="p:8e3fbd04-0000"), "rolecall-8e3fbd04-0000"),
        (Build(build_id="p:b", execution_id="e/x"), "rolecall-b-e-x"),
    ],
)
def test_the_default_session_name_leads_back_to_the_build(build, name):
    assert names.default_session_name(build) == name


def test_the_default_session_name_keeps_both_ids_within_64_characters():
    uuid = "12345678-1234-1234-1234-123456789012"
    name = names.default_session_name(Build(build_id=f"p:{uuid}", execution_id=uuid))
    assert len(name) <= 64
    assert name == f"rolecall-{uuid[:27]}-{uuid[:27]}"


def test_a_session_name_of_the_user_s_own_is_filled_in(resolved):
    found = resolved(
        f"dev={DEV}",
        build=Build(build_id="p:b", execution_id="e"),
        SESSION_NAME="{build}.{execution}.{target}.{account}",
    )
    assert found.targets[0].session.session_name == "b.e.dev.222222222222"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a b", "'a b' has ' ' in it; write 2 to 64 of letters, digits and _+=,.@-, in which"),
        ("a {target}: c", "'a {target}: c' has ' ' ':' in it; write 2 to 64 of letters"),
        ("{target}" + "x" * 53, f"gives '222222222222{'x' * 53}', which has 65 characters; write"),
        ("{", "is no template"),
    ],
)
def test_a_session_name_that_will_not_do_is_refused_not_cleaned(resolved, template, message):
    found = resolved(DEV, SESSION_NAME=template)
    assert messages(found)[0].startswith("ROLECALL_SESSION_NAME: ")
    assert message in messages(found)[0]


def test_region_variables_name_regions_that_the_target_is_deployed_to(resolved):
    own = {"eu-west-9": {"A": "1"}}
    found = resolved(json.dumps([{"role_arn": DEV, "region_variables": own}]))
    assert messages(found) == [
        "ROLECALL_TARGETS, entry 1: region_variables has 'eu-west-9', where it is not deployed"
    ]


@pytest.mark.parametrize(
    ("sizes", "waves"),
    [
        ("", [1] * 5),
        ("1, rest", [1, 2, 2, 2, 2]),
        ("1, 40%, rest", [1, 2, 2, 3, 3]),
        ("1%, rest", [1, 2, 2, 2, 2]),
        ("1, 1", [1, 2, 3, 3, 3]),
        ("1, 40%", [1, 2, 2, 3, 3]),
        ("50%, 50%", [1, 1, 2, 2, 2]),
        ("5", [1] * 5),
        ("9, rest", [1] * 5),
    ],
)
def test_waves_by_size_follow_the_order_of_deployment(resolved, sizes, waves):
    roles = " ".join(f"arn:aws:iam::{n:012}:role/x" for n in range(1, 6))
    given = {"WAVES": sizes} if sizes else {}
    assert [target.wave for target in resolved(roles, **given).targets] == waves


def test_waves_that_targets_ask_for_keep_their_numbers_and_the_rest_comes_last(resolved):
    asked = (7, None, 2)
    targets = [
        {"role_arn": f"arn:aws:iam::{n:012}:role/x", **({"wave": wave} if wave else {})}
        for n, wave in enumerate(asked, 1)
    ]
    assert [target.wave for target in resolved(json.dumps(targets)).targets] == [7, 8, 2]
    assert [t.name for t in resolved(json.dumps(targets), ONLY="wave:2").targets] == [
        "000000000003"
    ]
    assert messages(resolved(json.dumps(targets), ONLY="wave:1")) == [
        "ROLECALL_ONLY: 'wave:1' means no target; there are wave:2, wave:7, wave:8"
    ]
    found = resolved(json.dumps(targets), WAVES="1,rest")
    assert messages(found) == [
        "ROLECALL_WAVES: stands beside a `wave` of a target's own; keep one of the two"
    ]


def test_only_and_shard_narrow_the_targets_and_keep_their_places(resolved):
    roles = " ".join(f"t{n}=arn:aws:iam::{n:012}:role/x" for n in range(1, 10))
    found = resolved(roles, ONLY="t[1-6]", SHARD="2/3")
    assert ([(t.name, t.index) for t in found.targets], found.count) == ([("t2", 2), ("t5", 5)], 9)


def test_what_only_names_is_not_missed_while_lists_are_unread(resolved):
    assert messages(resolved("ssm:/targets", ONLY="prd")) == []
