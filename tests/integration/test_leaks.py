"""Every secret, in every form, looked for in everything that a run leaves or shows."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from support.command import ROLECALL, SOURCE_KEYS, TARGETS

DB = json.dumps({"user": "administrator", "password": "hunter22/Plus+More&More"})
MASK = {"ROLECALL_MASK": "DB_SECRET", "DB_SECRET": DB}
TWO = {"ROLECALL_TARGETS": " ".join(TARGETS.split()[:2]), "ROLECALL_MAX_PARALLEL": "2"}
# What a careless command prints: each secret in each form, one of them in two pieces.
CARELESS = f"""
{sys.executable} - <<'PYTHON'
import base64, json, os, pathlib, time, urllib.parse
folder = pathlib.Path(os.environ["AWS_CONFIG_FILE"]).parent
session = json.loads((folder / "session.json").read_text())
database = json.loads(os.environ["DB_SECRET"])
values = [session["SecretAccessKey"], session["SessionToken"], *database.values()]
for value in values:
    print(value, json.dumps(value), json.dumps(value).replace("/", "\\\\/"))
    print(urllib.parse.quote(value, safe=""), urllib.parse.quote(value))
    for before in ("", "x", "yy"):
        plain = (before + value + "z").encode()
        print(base64.b64encode(plain).decode(), base64.urlsafe_b64encode(plain).decode())
        print(base64.encodebytes(plain).decode())
print(os.environ["DB_SECRET"])
for piece in (values[0][:9], values[0][9:]):
    print(piece, end="", flush=True)
    time.sleep(1.3)  # longer than an unfinished line is held
print("", os.environ["AWS_CONFIG_FILE"])
PYTHON
exit 3
"""


def forms(value):
    """Each form, in base64 what is the same whatever stands beside it."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value)[1:-1].replace("/", "\\/")
    yield urllib.parse.quote(value)
    yield urllib.parse.quote(value, safe="")
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            part = encode(b"x" * before + value.encode()).decode()
            yield part[before + 1 : (before + len(value)) * 8 // 6][:40]


def everything(done):
    yield "output", done.out + done.err
    for path in filter(Path.is_file, (done.folder / "rolecall-report").rglob("*")):
        yield path.name, path.read_text()


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_form_of_a_secret_is_in_anything_that_a_run_shows_or_leaves(rolecall, sts, log_format):
    done = rolecall.run(CARELESS, ROLECALL_LOG_FORMAT=log_format, **MASK, **TWO)
    assert done.code == 1, done.out
    values = [*sts.secrets, SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"], *json.loads(DB).values()]
    places = dict(everything(done))
    assert places.keys() >= {"report.json", "report.html", "junit.xml", "summary.md", "exports.sh"}
    assert sum(name.endswith(".log") for name in places) == 2
    assert places["output"].count("***") > 40
    found = {
        (name, form)
        for name, text in places.items()
        for value in values
        for form in forms(value)
        if form in text
    }
    assert found == set()


def test_exec_and_its_json_lines_show_none_either(rolecall, sts):
    for form in ("grouped", "json"):
        done = rolecall("exec", "--all", "--format", form, "--", CARELESS, **MASK, **TWO)
        assert done.code == 1, done.err
        values = [*sts.secrets, *json.loads(DB).values()]
        assert not [
            each for value in values for each in forms(value) if each in done.out + done.err
        ]
        assert "***" in done.out


def test_no_secret_is_in_a_command_line_or_in_another_target_s_environment(rolecall, tmp_path):
    script = f"""
{sys.executable} - <<'PYTHON'
import json, os, pathlib, time, urllib.request
token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
asked = urllib.request.Request(
    os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={{"Authorization": token}}
)
keys = json.load(urllib.request.urlopen(asked))
here, both = pathlib.Path({str(tmp_path)!r}), ("dev", "tst")
def together(what):
    (here / f"{{what}}-{{os.environ['ROLECALL_TARGET']}}").touch()
    while not all((here / f"{{what}}-{{name}}").exists() for name in both):
        time.sleep(0.05)
together("ready")
seen = theirs = 0
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        line, environ = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
    except OSError:
        continue
    seen += 1
    for secret in (keys["SecretAccessKey"], keys["Token"], token):
        assert secret.encode() not in line, process
        if f"ROLECALL_TARGET={{os.environ['ROLECALL_TARGET']}}".encode() not in environ:
            theirs += b"ROLECALL_TARGET=" in environ
            assert secret.encode() not in environ, process
print("looked through", "many" if seen > 3 and theirs else "none")
together("done")
PYTHON
"""
    done = rolecall.run(script, ROLECALL_PROFILE_MODE="endpoint", **TWO)
    assert done.code == 0, done.out
    assert done.out.count("looked through many\n") == 2


def test_what_cannot_be_hidden_is_said_without_its_value(rolecall):
    done = rolecall.run("true", PIN="9371", ROLECALL_MASK="PIN TYPO*")
    assert done.code == 0
    assert "ROLECALL_MASK: PIN is not hidden: a value of fewer than 6 characters" in done.message
    assert "ROLECALL_MASK: TYPO* is not set" in done.message
    assert "9371" not in done.everything


def test_a_mask_that_is_no_name_is_refused(rolecall, sts):
    done = rolecall.run("true", ROLECALL_MASK="$PIN")
    assert done.code == 2
    assert "ROLECALL_MASK" in done.err
    assert sts.calls == []


def test_variables_of_a_target_are_hidden_too(rolecall, tmp_path):
    target = {"name": "dev", "role_arn": "arn:aws:iam::222222222222:role/deploy"}
    targets = json.dumps([{**target, "variables": {"API_TOKEN": "swordfish-9"}}])
    done = rolecall.run(
        "echo [$API_TOKEN]", ROLECALL_TARGETS=targets, ROLECALL_MASK="*_TOKEN", X_TOKEN=""
    )
    assert "[***]" in done.out
    assert "swordfish" not in done.everything


def test_rolecall_s_own_process_cannot_be_dumped_and_its_commands_can(rolecall):
    dumpable = "import ctypes; print('dumpable', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    script = (
        f"import atexit, sys; atexit.register(lambda: exec({dumpable!r}));"
        f"sys.argv = [{ROLECALL!r}, 'exec', 'dev', '--', {sys.executable!r}, '-c', {dumpable!r}];"
        "from rolecall.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=rolecall.environ({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "dumpable 1\ndumpable 0\n"


@pytest.mark.parametrize("mode", ["static", "refreshing"])
def test_what_a_target_leaves_behind_is_hidden_where_others_print_it(rolecall, sts, mode):
    file = "$AWS_SHARED_CREDENTIALS_FILE"
    if mode == "refreshing":
        file = '"$(dirname $AWS_CONFIG_FILE)/session.json"'
    done = rolecall.run(
        f"[ $ROLECALL_TARGET != dev ] || cp {file} kept; cat kept; echo; false",
        ROLECALL_AFTER="cat kept; false",
        ROLECALL_PROFILE_MODE=mode,
        ROLECALL_ON_FAILURE="continue",
    )
    assert done.code == 1
    assert len(sts.issued) > 2
    assert any(secret in (rolecall.folder / "kept").read_text() for secret in sts.secrets)
    (rolecall.folder / "kept").unlink()
    assert not [secret for secret in sts.secrets if secret in done.everything]


def test_a_session_that_was_replaced_is_hidden_in_the_next_region_too(rolecall, sts):
    sts.lifetime = 3
    keep = '[ -e kept ] || cp "$(dirname $AWS_CONFIG_FILE)/session.json" kept'
    done = rolecall.run(
        f"{keep}; cat kept; sleep 3",
        ROLECALL_TARGETS=TARGETS.split()[0],
        ROLECALL_REGIONS="eu-central-1,us-east-1",
    )
    assert done.code == 0, done.out
    assert len(sts.issued) > 2
    (rolecall.folder / "kept").unlink()
    assert not [secret for secret in sts.secrets if secret in done.everything]


OF_TARGETS = json.dumps(
    [
        {
            "name": name,
            "role_arn": f"arn:aws:iam::{account}:role/deploy",
            "variables": {"DB_PASSWORD": f"hunter-of-{name}"},
            "region_variables": {"eu-central-1": {"API_PASSWORD": f"hushed-of-{name}"}},
        }
        for name, account in (("dev", "222222222222"), ("prd", "333333333333"))
    ]
)


@pytest.mark.parametrize("command", ["run", "plan", "config"])
def test_variables_of_every_target_and_region_are_known_before_anything_is_shown(rolecall, command):
    given = {"ROLECALL_TARGETS": OF_TARGETS, "ROLECALL_MASK": "*_PASSWORD"}
    region = json.dumps({"eu-west-1": {"WEB_PASSWORD": "hidden-in-west"}})
    # What another target's value is may be told by a file, too.
    (rolecall.folder / "other").write_text("hunter-of-prd hushed-of-prd hidden-in-west\n")
    done = rolecall(
        command, ROLECALL_COMMANDS="env; cat other", ROLECALL_REGION_VARIABLES=region, **given
    )
    assert done.code == 0, done.err
    report = rolecall.folder / "rolecall-report"
    shown = done.out + done.err
    shown += "".join(path.read_text() for path in report.rglob("*") if path.is_file())
    assert not [word for word in ("hunter-of", "hushed-of", "hidden-in") if word in shown]
    assert "***" in shown


def test_commands_inherit_nothing_of_other_targets(rolecall):
    done = rolecall.run(
        "env", ROLECALL_TARGETS=OF_TARGETS, ROLECALL_TARGET_OTHER=TARGETS.split()[2]
    )
    own = {line.partition("=")[0] for line in done.out.splitlines() if line.startswith("ROLECALL_")}
    assert "ROLECALL_TARGET" in own
    assert not own & {"ROLECALL_TARGETS", "ROLECALL_TARGET_OTHER", "ROLECALL_REGION_VARIABLES"}


def test_the_keys_of_an_emulator_hide_nothing_that_rolecall_calls_so(rolecall):
    names = ("test", "testing-1", "222222222222")
    targets = " ".join(f"{name}=arn:aws:iam::222222222222:role/{name}" for name in names)
    emulator = {"AWS_ACCESS_KEY_ID": "222222222222", "AWS_SECRET_ACCESS_KEY": "testing-1"}
    done = rolecall.run(
        "false", ROLECALL_TARGETS=targets, ROLECALL_ON_FAILURE="continue", **emulator
    )
    assert done.code == 1
    assert [result["target"] for result in done.report["results"]] == list(names)
    exports = (rolecall.folder / "rolecall-report/exports.sh").read_text()
    assert f"ROLECALL_FAILED_TARGETS='{' '.join(names)}'" in exports
    assert "--only test,testing-1,222222222222" in " ".join(done.out.split())
    assert "***" not in done.out + exports


def test_a_secret_that_looks_like_a_number_leaves_the_report_readable(rolecall):
    done = rolecall.run(
        "echo $PIN; false", ROLECALL_MASK="PIN", PIN="000000", AWS_REGION="eu-west-1"
    )
    assert done.report["results"][0]["commands"][0]["tail"] == ["***"]


def test_an_approved_plan_binds_what_is_hidden_in_it(rolecall):
    given = {"ROLECALL_MASK": "WORD", "ROLECALL_COMMANDS": "login hunter22"}
    assert rolecall("plan", "--out", "plan.json", WORD="hunter22", **given).code == 0
    plan = (rolecall.folder / "plan.json").read_text()
    assert "hunter22" not in plan
    assert "login *** #" in plan
    given["ROLECALL_COMMANDS"] = "login hunter23"
    done = rolecall("run", "--plan", "plan.json", WORD="hunter23", **given)
    assert done.code == 2
    assert "differs from plan.json" in done.message
    assert "hunter" not in done.message
