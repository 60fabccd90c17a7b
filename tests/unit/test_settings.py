"""Settings: where values come from, what they may be, and how mistakes are told."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from rolecall.settings import reference
from rolecall.settings.documents import Commands
from rolecall.settings.levels import LISTS, leaves_none
from rolecall.settings.load import load
from rolecall.settings.options import options

AS_STRINGS = 'write each command as a string, such as ["npm ci", "npm test"]'
SIZES = "write sizes apart by commas, such as 1, 10%, rest"
BY_REGION = 'write such as {"eu-west-1": {"NAME": "value"}}'


@pytest.fixture
def loaded(tmp_path):
    """Loads settings from variables, flags and the text of rolecall.yml."""

    def _load(environ=None, flags=None, file=None):
        if file is not None:
            (tmp_path / "rolecall.yml").write_bytes(
                file if isinstance(file, bytes) else file.encode()
            )
        return load(environ=environ or {}, flags=flags or {}, folder=tmp_path)

    return _load


def problems(found):
    return [str(problem) for problem in found.problems]


def test_a_flag_wins_over_a_variable_over_the_file_over_the_default(loaded):
    file = "duration: 15m\ngrace: 1\ntimeout: 2\n"
    environ = {"ROLECALL_DURATION": "30m", "ROLECALL_GRACE": "3"}
    settings = loaded(environ, {"DURATION": "45m"}, file).settings
    assert (settings.duration, settings.grace, settings.timeout) == (2700, 3, 2)
    assert settings.retry_attempts == 6


@pytest.mark.parametrize("empty", ["", " \r\n", ",", " , ,"])
def test_an_empty_variable_counts_as_not_given_where_nothing_is_guarded(loaded, empty):
    environ = {"ROLECALL_GRACE": empty, "ROLECALL_REGIONS": empty, "ROLECALL_COMMANDS": empty}
    found = loaded(environ, file="grace: 4\nregions: [eu-west-1]\ncommands: make\n")
    settings = found.settings
    assert (settings.grace, settings.regions) == (4, ("eu-west-1",))
    assert settings.commands.items == ("make",)
    assert not found.problems
    assert not found.empty


UNGUARDED = [o.name for o in options() if not (o.guards or o.narrows) and o.name not in LISTS]
GUARDS = [option for option in options() if option.guards]


@pytest.mark.parametrize("name", UNGUARDED)
def test_an_empty_flag_never_gives_way_to_a_variable_or_the_file(loaded, name):
    found = loaded({f"ROLECALL_{name}": "x"}, {name: " "}, f"{name.lower()}: x\n")
    flag = "--" + name.lower().replace("_", "-")
    assert problems(found) == [f"{flag}: is given and empty; write a value, or leave the flag out"]


def test_what_guards_is_said_of_each_option_that_does():
    assert [option.name for option in GUARDS] == [
        "ALLOWED_ACCOUNTS",
        "SESSION_POLICY",
        "POLICY_ARNS",
        "WAVES",
        "CONCURRENCY_MODE",
        "PLAN",
        "MASK",
    ]


@pytest.mark.parametrize("option", GUARDS, ids=lambda option: option.name)
@pytest.mark.parametrize("empty", ["", " \n", ","])
def test_a_guard_that_is_empty_is_a_mistake_wherever_it_is_written(loaded, option, empty):
    wrong = f"is empty, which {option.guards}; leave it out for that"
    assert problems(loaded({}, {option.name: empty})) == [f"{option.flag}: {wrong}"]
    found = loaded({option.variable: empty}, file=f"{option.key}: x\n")
    assert problems(found) == [f"{option.variable}: {wrong}"]
    assert problems(loaded(file=f"\n{option.key}: {json.dumps(empty)}\n")) == [
        f"rolecall.yml:2: {wrong}"
    ]
    assert problems(loaded(file=f"{option.key}:\n")) == [f"rolecall.yml:1: {wrong}"]


def test_the_settings_file_that_is_named_by_nothing_is_a_mistake(loaded):
    wrong = "is given and empty; leave it out for rolecall.yml of the working folder"
    assert problems(loaded({"ROLECALL_CONFIG": ""})) == [f"ROLECALL_CONFIG: {wrong}"]
    found = loaded({"ROLECALL_CONFIG": "rolecall.yml"}, {"CONFIG": " "}, "grace: 1")
    assert problems(found) == [f"--config: {wrong}"]


def test_crlf_line_ends_a_byte_order_mark_and_blanks_do_no_harm(loaded):
    found = loaded(
        {"ROLECALL_COMMANDS": "\ufeffecho a\r\necho b\r\n", "ROLECALL_REGIONS": " eu-west-1,\r\n"},
        file=b"\xef\xbb\xbfgrace: 7\r\n",
    )
    assert found.settings.commands.items == ("echo a\necho b",)
    assert found.settings.regions == ("eu-west-1",)
    assert found.settings.grace == 7


def test_an_unknown_variable_is_told_with_the_nearest_right_name(loaded):
    found = loaded({"ROLECALL_COMANDS": "x", "ROLECALL_ZZZZ": "x"})
    assert problems(found) == [
        "ROLECALL_COMANDS: is no option; did you mean ROLECALL_COMMANDS?",
        "ROLECALL_ZZZZ: is no option; `rolecall config --all` lists all of them",
    ]


def test_an_unknown_key_is_told_with_its_line(loaded):
    found = loaded(file="grace: 1\n\nregion: eu-west-1\n")
    assert problems(found) == ["rolecall.yml:3: region is no option; did you mean regions?"]


def test_a_lone_target_variable_with_an_arn_is_a_slip(loaded):
    arn = "arn:aws:iam::222222222222:role/x"
    assert "set ROLECALL_TARGETS" in problems(loaded({"ROLECALL_TARGET": arn}))[0]


def test_commands_that_are_none_are_told_with_their_line(loaded):
    found = loaded(file="commands:\n  - make\n  - npm run x: y\n")
    assert problems(found) == [
        "rolecall.yml:3: is a mapping: quote a command that holds `: ` in a YAML list"
    ]
    found = loaded(file="commands: [[a]]")
    assert problems(found) == [f"rolecall.yml:1: is a list; {AS_STRINGS}"]
    assert "is a JSON object" in problems(loaded({"ROLECALL_COMMANDS": '{"a": 1}'}))[0]


def test_the_file_may_share_parts_by_anchors_and_merge_keys(loaded):
    file = "targets:\n  - &a {name: a, account: 222222222222, tags: &t {k: v}}\n"
    file += "  - {<<: *a, name: b, tags: *t}\n"
    targets = loaded(file=file).settings.targets.value
    assert targets[1] == {"account": "222222222222", "name": "b", "tags": {"k": "v"}}


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("targets: &a [b, *a]", "rolecall.yml:1: stands within itself"),
        ("targets: " + "[" * 1500, "rolecall.yml: is nested too deeply"),
        ("grace: 1\ngrace: 2", "rolecall.yml:2: `grace` stands here a second time; leave one out"),
        ("tags: {a: 1, a: 2}", "rolecall.yml:1: `a` stands here a second time; leave one out"),
        ("tags: {a: [1]}", "rolecall.yml:1: 'a': is a list; write one value"),
    ],
)
def test_a_file_that_makes_no_sense_is_told(loaded, file, message):
    assert message in problems(loaded(file=file))


def test_a_folder_in_the_file_s_place_is_told(loaded, tmp_path):
    (tmp_path / "rolecall.yml").mkdir()
    assert problems(loaded()) == ["rolecall.yml: cannot be read: Is a directory"]


def test_values_are_of_ascii_where_aws_takes_no_other(loaded):
    environ = {"ROLECALL_EXTERNAL_ID": "äö", "ROLECALL_RETRY_ATTEMPTS": "٣"}
    assert len(problems(loaded(environ))) == 2


def test_commands_with_control_characters_in_a_yaml_list_are_told(loaded):
    assert "starts as a YAML list" in problems(loaded({"ROLECALL_COMMANDS": "- a\x01"}))[0]


def test_which_file_was_read_is_known(loaded, tmp_path):
    assert loaded().file == f"no rolecall.yml in {tmp_path}; `rolecall init` writes one"
    (tmp_path / "rolecall.yaml").touch()
    assert loaded().file == f"no rolecall.yml in {tmp_path}; there is a rolecall.yaml"
    assert loaded(file="grace: 1").file == "rolecall.yml was read"


def test_the_variables_of_a_target_s_commands_are_no_mistakes(loaded):
    names = ["TARGET", "ACCOUNT_ID", "ROLE_ARN", "REGION", "INDEX", "COUNT"]
    assert not loaded({f"ROLECALL_{name}": "1" for name in names}).problems


def test_all_mistakes_are_told_at_once(loaded):
    environ = {
        "ROLECALL_DURATION": "5x",
        "ROLECALL_ON_FAILURE": "explode",
        "ROLECALL_PREFLIGHT": "maybe",
        "ROLECALL_RETRY_ATTEMPTS": "0",
        "ROLECALL_REGIONS": "europe",
        "ROLECALL_ALLOWED_ACCOUNTS": "12345",
        "ROLECALL_TAGS": "novalue",
        "ROLECALL_SESSION_POLICY": "nope",
        "ROLECALL_VIA": "arn:aws:iam::1:role/x",
        "ROLECALL_GRACE": "2h",
    }
    found = loaded(environ)
    assert {problem.place for problem in found.problems} == set(environ)
    assert "ROLECALL_DURATION: '5x' is no length of time; write 90, 90s, 15m or 1h" in problems(
        found
    )
    assert "ROLECALL_GRACE: '2h' is out of bounds; write from 0s to 1h" in problems(found)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("15m", 900), ("1h", 3600), ("1h 30m", 5400)],
)
def test_a_time_is_seconds_or_has_units(loaded, text, seconds):
    assert loaded({"ROLECALL_TIMEOUT": text}).settings.timeout == seconds


@pytest.mark.parametrize("text", ["", "m", "1d", "-5", "5 5", "1m5x", "10 2s"])
def test_what_is_no_time_is_refused(loaded, text):
    found = loaded(file=f"timeout: '{text}x'")
    assert "is no length of time" in problems(found)[0]


@pytest.mark.parametrize(("word", "value"), [("YES", True), ("1", True), ("off", False)])
def test_a_flag_knows_the_usual_words(loaded, word, value):
    assert loaded({"ROLECALL_PREFLIGHT": word}).settings.preflight is value


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("make deploy", Commands(("make deploy",))),
        ("cd x\nmake", Commands(("cd x\nmake",))),
        ('["a", "b", ""]', Commands(("a", "b"), listed=True)),
        ("- a\n- b\n", Commands(("a", "b"), listed=True)),
        ("- |\n  a\n  b\n- c", Commands(("a\nb", "c"), listed=True)),
        ("[ -f x ] && echo y", Commands(("[ -f x ] && echo y",))),
        ("[[ -f x ]]", Commands(("[[ -f x ]]",))),
        ('[ "$A" = b ] && echo y', Commands(('[ "$A" = b ] && echo y',))),
        ("[echo a, 'echo b']", Commands(("echo a", "echo b"), listed=True)),
        ('{ "$A"; }', Commands(('{ "$A"; }',))),
    ],
)
def test_commands_are_a_script_or_a_list(loaded, text, commands):
    assert loaded({"ROLECALL_COMMANDS": text}).settings.commands == commands


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["a", ', "starts as JSON but is not"),
        ("- a\n  b: [", "starts as a YAML list but is not one"),
        ("- echo a: b\n", "quote a command"),
        ('[["a"]]', f"ROLECALL_COMMANDS, entry 1: is a list; {AS_STRINGS}"),
        ("[1, 2]", f"ROLECALL_COMMANDS, entry 1: 1 is no text; {AS_STRINGS}"),
        ('["a", true]', f"ROLECALL_COMMANDS, entry 2: true is no text; {AS_STRINGS}"),
        ("a\0b", "NUL byte"),
    ],
)
def test_a_broken_list_of_commands_is_refused(loaded, text, message):
    assert message in problems(loaded({"ROLECALL_COMMANDS": text}))[0]


def test_the_file_takes_commands_as_a_list(loaded):
    found = loaded(file="commands:\n  - make build\n  - make deploy\n")
    assert found.settings.commands == Commands(("make build", "make deploy"), listed=True)


def test_a_mapping_is_no_list_of_commands(loaded):
    assert "neither a script nor a list" in problems(loaded(file="commands: {a: b}"))[0]


@pytest.mark.parametrize(
    "text", ["team=a, cost=1", "team=a\ncost=1\n", '{"team": "a", "cost": 1}', "team=a,cost=1,"]
)
def test_tags_are_pairs_or_json(loaded, text):
    assert loaded({"ROLECALL_TAGS": text}).settings.tags == (("team", "a"), ("cost", "1"))


def test_tags_are_of_letters_and_digits_of_any_script(loaded):
    text = "Größe/Cost Center=5 %: a@b.c_+-\u3000東京".replace("%", "")
    assert loaded({"ROLECALL_TAGS": text}).settings.tags == (tuple(text.split("=")),)
    assert not loaded({"ROLECALL_TAGS": "empty=,AWSome=a:aws:b"}).problems


@pytest.mark.parametrize("wrong", ["a?b", "a\\b", "tab\tbed", "a\u0301", "🦆", "aws:x", "AWS:x"])
def test_tags_that_sts_refuses_are_told_before_it_is_asked(loaded, wrong):
    for name, value in (
        ("tags", {wrong: "x"}),
        ("tags", {"x": wrong}),
        ("transitive_tags", [wrong]),
    ):
        (told,) = problems(loaded({f"ROLECALL_{name.upper()}": json.dumps(value)}))
        assert repr(wrong) in told
        assert "letters, digits, spaces and _.:/=+-@ that do not begin with aws:" in told


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("tags: {Team: a, team: b}", "'team' and 'Team' differ in case alone; leave one out"),
        ("policy_arns: ['arn:aws:iam::aws:policy/a b']", "write the ARN of a managed policy"),
        ("policy_arns: ['arn:aws:iam::aws:policy/a?']", "write the ARN of a managed policy"),
        ("tags: [a]", "is no set of name=value pairs"),
        ("tags: a=1,a=2", "'a' stands there twice"),
        ("regions: [eu-west-1, eu-west-1]", "stands there twice"),
        ("regions: {a: b}", "is no list"),
        ("policy_arns: [a]", "write the ARN of a managed policy"),
        ("grace: [1]", "is a list; write one value"),
        ("grace: {a: 1}", "is a mapping; write one value"),
        ("session_policy: {a: 1}", "has a Version and a Statement"),
        ('session_policy: "{"', "starts as JSON"),
        ("retry_attempts: many", "no whole number from 1 to 100"),
        ("tags: " + json.dumps({str(n): "x" for n in range(51)}), "at most 50"),
        (
            "transitive_tags: " + json.dumps([str(n) for n in range(51)]),
            "at most 50",
        ),
    ],
)
def test_each_kind_says_what_is_wrong(loaded, file, message):
    found = problems(loaded(file=file))
    assert found[0].startswith("rolecall.yml:1: ")
    assert message in found[0]


def test_a_session_policy_is_json_or_a_mapping(loaded):
    policy = '{"Version":"2012-10-17","Statement":[]}'
    assert loaded({"ROLECALL_SESSION_POLICY": policy}).settings.session_policy == policy
    file = "session_policy: {Version: '2012-10-17', Statement: []}"
    assert loaded(file=file).settings.session_policy == policy


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("a: [", "rolecall.yml:1: is not YAML"),
        ("- a", "rolecall.yml:1: must hold keys and values"),
        ("grace: 1\ngrace: 2", "rolecall.yml:2: `grace` stands here a second time"),
        ("targets: {a: {name: x, name: y}}", "`name` stands here a second time"),
        (b"\xff\xfe\xfd", "is not UTF-8 text"),
        ("a: \x07", "is not YAML"),
    ],
)
def test_a_file_that_is_not_right_is_told_with_its_line(loaded, file, message):
    assert message in problems(loaded(file=file))[0]


@pytest.mark.parametrize("file", ["", "# nothing\n", "grace:\nregions: []\ntimeout: ~\n"])
def test_an_empty_file_or_key_changes_nothing(loaded, file):
    found = loaded(file=file)
    assert not found.given
    assert not found.problems


def test_a_file_that_is_named_must_be_there(loaded, tmp_path):
    found = loaded({"ROLECALL_CONFIG": "other.yml"})
    assert problems(found) == [
        "ROLECALL_CONFIG: 'other.yml' is no file; write the path of a YAML file"
    ]
    (tmp_path / "other.yml").write_text("grace: 8")
    assert loaded({"ROLECALL_CONFIG": "nope"}, {"CONFIG": "other.yml"}).settings.grace == 8


def test_a_file_that_may_not_be_read_is_told(loaded, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "rolecall.yml").write_text("")
    monkeypatch.setattr("rolecall.settings.yamlfile.read_plain", refuse)
    assert problems(loaded()) == ["rolecall.yml: cannot be read: Permission denied"]


def test_config_shows_each_option_with_its_value_and_origin(loaded):
    found = loaded(
        {
            "ROLECALL_GRACE": "1m",
            "ROLECALL_TIMEOUT": "x",
            "ROLECALL_TARGETS": "a",
            "ROLECALL_COMMANDS": '["a"]',
            "ROLECALL_TAGS": "a=b",
        }
    )
    rows = {row.option.name: (row.value, row.origin) for row in reference.current(found)}
    assert rows["GRACE"] == ("1m", "ROLECALL_GRACE")
    assert rows["TIMEOUT"] == ("(wrong)", "ROLECALL_TIMEOUT")
    assert rows["TARGETS"] == ("a", "ROLECALL_TARGETS")
    assert rows["COMMANDS"] == ('["a"]', "ROLECALL_COMMANDS")
    assert rows["TAGS"] == ("a=b", "ROLECALL_TAGS")
    assert rows["PREFLIGHT"] == ("true", "default")
    assert list(rows) == [option.name for option in options()]


def test_targets_of_the_file_are_shown_as_json(loaded):
    rows = reference.current(loaded(file="targets: {dev: x}"))
    assert rows[0].value == '{"dev": "x"}'


def test_the_schema_names_every_option():
    schema = reference.json_schema()
    for option in options():
        assert option.key in schema["properties"]
        assert option.flag.startswith("--")
    assert schema["additionalProperties"] is False


def test_the_schema_accepts_what_the_program_accepts(loaded):
    schema = reference.json_schema()
    Draft202012Validator.check_schema(schema)
    good = {
        "targets": {"dev": "arn:aws:iam::222222222222:role/x"},
        "commands": ["make"],
        "duration": "1h",
        "grace": 5,
        "preflight": False,
        "tags": {"a": "b"},
        "session_policy": {"Statement": []},
        "via": ["arn:aws:iam::222222222222:role/a/b"],
    }
    validator = Draft202012Validator(schema)
    assert validator.is_valid(good)
    assert not loaded(file=json.dumps(good)).problems
    assert not validator.is_valid({"tagets": "x"})
    assert not validator.is_valid({"on_failure": "explode"})


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("MAX_PARALLEL", "0", "'0' is neither a count from 1 nor a share such as 10%"),
        ("MAX_PARALLEL", "-1", "'-1' is neither a count from 1 nor a share such as 10%"),
        ("MAX_PARALLEL", "0%", "'0%' is no share; write over 0% and up to 100%"),
        ("MAX_FAILURES", "101%", "'101%' is no share; write over 0% and up to 100%"),
        ("MAX_FAILURES", "few", "'few' is neither a count from 0 nor a share such as 10%"),
        ("WAVES", "1, 0%", f"'0%' is no share; write over 0% and up to 100%; {SIZES}"),
        ("WAVES", "1;2", f"'1;2' is neither a count from 1 nor a share such as 10%; {SIZES}"),
        ("WAVES", "1, many", f"'many' is neither a count from 1 nor a share such as 10%; {SIZES}"),
        ("WAVES", "rest, 1", f"'rest' is what the others leave, and stands last; {SIZES}"),
        ("SHARD", "0/4", "'0/4' is no shard; write such as 1/4, up to 4/4"),
        ("SHARD", "5/4", "'5/4' is no shard; write such as 1/4, up to 4/4"),
        ("ON_FAILURE", "ignore", "'ignore' is none of stop, continue, abort"),
        ("REGION_VARIABLES", "[]", f"'[]' is no object; {BY_REGION}"),
        ("REGION_VARIABLES", "us-east-1=x", f"'us-east-1=x' is no object; {BY_REGION}"),
        (
            "REGION_VARIABLES",
            '{"here": {}}',
            "'here' will not do; write a region such as eu-central-1",
        ),
    ],
)
def test_what_a_fan_out_cannot_be_told_is_refused_with_what_is_right(loaded, name, value, wrong):
    assert problems(loaded({f"ROLECALL_{name}": value})) == [f"ROLECALL_{name}: {wrong}"]


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ('"x"', "'x' is no set of variables"),
        ("[1]", "is no set of variables"),
        ("true", "is no set of variables"),
    ],
)
def test_what_gives_a_region_no_variables_is_told_with_what_does(loaded, value, wrong):
    found = loaded({"ROLECALL_REGION_VARIABLES": f'{{"us-east-1": {value}}}'})
    assert problems(found) == [f"ROLECALL_REGION_VARIABLES, us-east-1: {wrong}; {BY_REGION}"]
    found = loaded({"ROLECALL_REGION_VARIABLES": '{"us-east-1": "A=1"}'})
    assert found.settings.region_variables == (("us-east-1", (("A", "1"),)),)


def test_a_mistake_in_the_variables_of_a_region_is_told_with_its_line(loaded):
    found = loaded(file="region_variables:\n  eu-west-1:\n    A: 1\n    AWS_PROFILE: x\n")
    assert "rolecall.yml:4" in problems(found)[0]


def test_a_tolerance_makes_no_sense_where_everything_may_fail(loaded):
    environ = {"ROLECALL_ON_FAILURE": "continue", "ROLECALL_MAX_FAILURES": "1"}
    (problem,) = problems(loaded(environ))
    assert problem.startswith("ROLECALL_MAX_FAILURES: makes no sense with ON_FAILURE=continue")
    assert "leave one of them out" in problem


def test_a_fan_out_is_read_from_the_file_as_yaml_has_it(loaded):
    file = "max_parallel: 16\nwaves: [1, 10%, rest]\nmax_failures: 5%\nshard: 2/4\n"
    settings = loaded(file=file).settings
    shown = [str(settings.max_parallel), *map(str, settings.waves), str(settings.shard)]
    assert (shown, str(settings.max_failures)) == (["16", "1", "10%", "100%", "2/4"], "5%")


@pytest.mark.parametrize("value", ["[]", "[null]", '[""]'])
def test_a_list_without_values_is_as_empty_as_nothing(loaded, value):
    for found in (
        loaded({"ROLECALL_ALLOWED_ACCOUNTS": value}),
        loaded(file=f"allowed_accounts: {value}\n"),
    ):
        assert "is empty, which would allow every account" in problems(found)[0]
    for found in (loaded({"ROLECALL_ONLY": value}), loaded(file=f"only: {value}\n")):
        assert leaves_none(found.empty)


@pytest.mark.parametrize("name", ["ONLY", "SHARD"])
@pytest.mark.parametrize("empty", ["", " ", ","])
def test_what_narrows_leaves_nothing_where_it_is_empty(loaded, name, empty):
    for found in (
        loaded({f"ROLECALL_{name}": "1/2"}, {name: empty}),
        loaded({f"ROLECALL_{name}": empty}, file=f"{name.lower()}: 1/2\n"),
        loaded(file=f"{name.lower()}: {json.dumps(empty)}\n"),
        loaded(file=f"{name.lower()}: ~\n"),
    ):
        assert not found.problems
        assert leaves_none(found.empty) == found.empty[name]


def test_a_flag_that_names_targets_leaves_nothing_where_it_is_empty(loaded):
    given = {"ROLECALL_TARGETS": "dev"}
    assert leaves_none(loaded(given, {"TARGETS": ""}).empty)
    assert not leaves_none(loaded({"ROLECALL_TARGETS": ""}, file="targets: [dev]").empty)


POLICIES = [("on_failure", "continue"), ("max_failures", "2")]


@pytest.mark.parametrize(("first", "second"), [POLICIES, POLICIES[::-1]])
@pytest.mark.parametrize("levels", ["fv", "ff", "vf"])
def test_of_two_policies_that_exclude_each_other_the_higher_counts_and_it_is_said(
    loaded, first, second, levels
):
    """The first of a flag or a variable, the second of a variable or the file."""
    given = {"flags": {}, "environ": {}, "file": None}
    name, value = first
    if levels[0] == "f":
        given["flags"] = {name.upper(): value}
    else:
        given["environ"] = {f"ROLECALL_{name.upper()}": value}
    name, value = second
    if levels[1] == "v":
        given["environ"] = {f"ROLECALL_{name.upper()}": value}
    else:
        given["file"] = f"{name}: {value}\n"
    found = loaded(**given)
    assert not found.problems
    assert set(found.given) == {first[0].upper()}
    assert str(getattr(found.settings, first[0])) == first[1]
    assert getattr(found.settings, second[0]) == {"on_failure": "stop"}.get(second[0])
    [said] = map(str, found.remarks)
    assert "gives way to" in said


def test_a_flag_names_all_the_targets(loaded):
    file = "targets: [a]\norganization: {role_name: deploy}\n"
    assert set(loaded(file=file).given) == {"TARGETS", "ORGANIZATION"}
    found = loaded({}, {"TARGETS": "dev"}, file)
    assert set(found.given) == {"TARGETS"}
    assert [str(remark) for remark in found.remarks] == [
        "rolecall.yml:2: gives way to --targets, which names all the targets"
    ]
    found = loaded({"ROLECALL_TARGET_DEV": "x"}, {"ORGANIZATION": "{}"}, file)
    assert set(found.given) == {"ORGANIZATION"}
    assert not found.target_variables
    both = {"TARGETS": "dev", "ORGANIZATION": "{}"}
    assert set(loaded({}, both, file).given) == set(both)


REFERENCE = "#{variables.X}"
HOLDS = f"holds {REFERENCE}, which nothing has resolved: CodePipeline puts values in place"


@pytest.mark.parametrize("name", [*(option.name for option in options()), "CONFIG", "TARGET_DEV"])
@pytest.mark.parametrize("value", [REFERENCE, f"a-{REFERENCE}/b"])
def test_what_nothing_has_resolved_is_refused_in_every_option(loaded, name, value):
    [problem] = problems(loaded({f"ROLECALL_{name}": value}))
    assert problem.startswith(f"ROLECALL_{name}: {HOLDS}")
    if name not in ("CONFIG", "TARGET_DEV"):
        [problem] = problems(loaded(flags={name: value}))
        assert problem.startswith(f"--{name.lower().replace('_', '-')}: {HOLDS}")
        [problem] = problems(loaded(file=f"\n{name.lower()}: '{value}'\n"))
        assert problem.startswith(f"rolecall.yml:2: {HOLDS}")


def test_what_nothing_has_resolved_is_found_in_each_part_with_its_line(loaded):
    file = (
        "targets:\n  - name: dev\n    account: '222222222222'\n    variables:\n"
        f"      A: 'x{REFERENCE}'\n"
        f"region_variables:\n  eu-west-1: {{B: '{REFERENCE}'}}\ntags: {{'{REFERENCE}': x}}\n"
        f"commands:\n  - make\n  - 'echo {REFERENCE}'\n"
    )
    environ = {"ROLECALL_ORGANIZATION": json.dumps({"exclude": [REFERENCE]})}
    places = {problem.place for problem in loaded(environ, file=file).problems}
    assert places == {f"rolecall.yml:{n}" for n in (5, 7, 8, 11)} | {"ROLECALL_ORGANIZATION"}


def test_no_message_about_it_shows_the_rest_of_a_value(loaded):
    address = f"https://hooks.example.com/EXAMPLE-{REFERENCE}"
    assert "hooks" not in problems(loaded({"ROLECALL_NOTIFY": address}))[0]


@pytest.mark.parametrize(
    "script",
    [
        "echo ${#x} ${#list[@]}",
        "make # text",
        "make # of #{x}",
        "echo ${x#{y.z}}",
        "echo ${x##{y.z}}",
        "ruby -e 'puts \"#{ x.y }\"'",
        "echo '#{x}' '#{}' '#{x.y'",
    ],
)
def test_what_means_something_to_a_shell_stays_right_in_commands(loaded, script):
    for name in ("COMMANDS", "BEFORE", "AFTER"):
        found = loaded({f"ROLECALL_{name}": script})
        assert not found.problems
        assert getattr(found.settings, name.lower()).items == (script,)


@pytest.mark.parametrize(
    "text", ["# make", " # a\n\n\t# b \n", "#{DeployCommands}", '["# a", "", "#b"]', "- '# a'"]
)
@pytest.mark.parametrize("name", ["COMMANDS", "BEFORE", "AFTER"])
def test_commands_of_which_nothing_but_comments_is_left_are_refused(loaded, name, text):
    [problem] = problems(loaded({f"ROLECALL_{name}": text}))
    assert problem.startswith(f"ROLECALL_{name}: has comments and blank lines alone")


@pytest.mark.parametrize("text", ["true", ":", "# why\nmake", '["# a", "make"]'])
def test_commands_that_do_something_may_have_comments(loaded, text):
    assert not loaded({"ROLECALL_COMMANDS": text}).problems


def test_every_entry_of_a_list_of_commands_that_will_not_do_is_told(loaded):
    found = loaded({"ROLECALL_COMMANDS": '["true", 1, {"a": 1}]', "ROLECALL_targets": "x"})
    wrong = problems(found)
    assert [text.partition(": ")[0] for text in wrong] == [
        "ROLECALL_targets",
        "ROLECALL_COMMANDS, entry 2",
        "ROLECALL_COMMANDS, entry 3",
    ]
    assert wrong[0].endswith("did you mean ROLECALL_TARGETS?")


def test_what_stands_for_something_hidden_is_no_pattern(loaded):
    (problem,) = loaded({"ROLECALL_ONLY": "dev,***"}).problems
    assert problem.place == "ROLECALL_ONLY"


@pytest.mark.parametrize("text", [",", " , ,"])
def test_a_list_of_commas_is_given_and_names_no_target(loaded, text):
    file = "targets: [a]\n"
    assert loaded({"ROLECALL_TARGETS": text}, file=file).given["TARGETS"].origin == "variable"
    assert loaded({"ROLECALL_TARGETS": " "}, file=file).given["TARGETS"].origin == "file"
