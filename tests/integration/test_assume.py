"""`rolecall assume`: profiles in the user's own AWS files."""

from __future__ import annotations

import configparser
import re
import stat
import subprocess

import pytest

from support import answers
from support.forms import long

ROLE = "arn:aws:iam::222222222222:role/deploy"
OTHERS = b"""# my accounts
[default]
aws_access_key_id=AKIADEFAULT000000000
aws_secret_access_key = abc  ; not a comment

[other]
 aws_access_key_id : AKIAOTHER00000000000
s3 =
    max_concurrent_requests = 20
# the end, without a newline"""


@pytest.fixture
def aws(rolecall):
    """The user's AWS folder."""
    folder = rolecall.folder / "aws"
    folder.mkdir()
    return folder


@pytest.fixture
def assume(rolecall, aws):
    """Runs `rolecall assume`, with the files in the user's AWS folder."""

    def _assume(*arguments, **extra):
        files = {
            "AWS_CONFIG_FILE": str(aws / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(aws / "credentials"),
        }
        return rolecall("assume", *arguments, **{**files, **extra})

    return _assume


def configparser_of(path):
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(path.read_bytes().decode())
    return parser


def keys_of(path, profile):
    return dict(configparser_of(path)[profile])


def test_a_role_is_stored_as_a_profile(assume, aws, sts):
    done = assume(ROLE, "client")
    assert done.code == 0, done.err
    issued = next(iter(sts.issued.values()))
    assert keys_of(aws / "credentials", "client") == {
        "aws_access_key_id": issued.key_id,
        "aws_secret_access_key": issued.secret,
        "aws_session_token": issued.token,
    }
    assert keys_of(aws / "config", "profile client") == {"region": "eu-central-1"}
    assert re.match(
        r"profile client: account 222222222222, region eu-central-1, until 20", done.out
    )
    assert issued.key_id not in done.out + done.err
    assert issued.secret not in done.out + done.err
    assert {path.name for path in aws.iterdir()} <= {"config", "credentials", ".rolecall.lock"}
    for name in ("config", "credentials"):
        assert stat.S_IMODE((aws / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("others", [OTHERS, OTHERS.replace(b"\n", b"\r\n")], ids=["lf", "crlf"])
def test_every_other_byte_stays_as_it_was(assume, aws, others):
    (aws / "credentials").write_bytes(others)
    (aws / "credentials").chmod(0o644)
    (aws / "config").write_bytes(others)
    (aws / "config").chmod(0o640)
    assert assume(ROLE, "client").code == 0
    first = (aws / "credentials").read_bytes()
    assert first.startswith(others)
    assert (aws / "config").read_bytes().startswith(others)
    assert stat.S_IMODE((aws / "credentials").stat().st_mode) == 0o600
    assert stat.S_IMODE((aws / "config").stat().st_mode) == 0o640
    config = (aws / "config").read_bytes()
    assert assume(ROLE, "client").code == 0
    second = (aws / "credentials").read_bytes()
    assert second.startswith(others)
    assert second.count(b"[client]") == 1
    assert second != first
    assert (aws / "config").read_bytes() == config


def test_a_profile_that_stands_between_others_is_changed_in_place(assume, aws, sts):
    old = b"aws_access_key_id = OLD\naws_session_token = OLD\n"
    before = b"[a]\nx = 1\n\n[client]\n# mine\n" + old + b"region = eu-west-3\n\n"
    after = b"[z]\ny = 2\n"
    (aws / "credentials").write_bytes(before + after)
    assert assume(ROLE, "client").code == 0
    text = (aws / "credentials").read_bytes()
    issued = next(iter(sts.issued.values()))
    assert text.startswith(b"[a]\nx = 1\n\n[client]\n# mine\naws_access_key_id = ")
    assert b"OLD" not in text
    assert text.endswith(after)
    assert keys_of(aws / "credentials", "client")["aws_session_token"] == issued.token
    # It would win over the region of the config file.
    assert keys_of(aws / "credentials", "client")["region"] == "eu-central-1"
    assert keys_of(aws / "credentials", "z") == {"y": "2"}


def test_the_default_profile_has_its_own_section_name(assume, aws):
    assert assume(ROLE, "default").code == 0
    assert keys_of(aws / "config", "default") == {"region": "eu-central-1"}


def test_the_aws_cli_uses_the_stored_profile(on_moto, tmp_path):
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    assert on_moto("assume", ROLE, "client", **files).code == 0
    environ = {
        k: v for k, v in on_moto.environ(files).items() if not k.startswith("AWS_ACCESS_KEY")
    }
    for command in (
        "aws ssm put-parameter --name /x --value 1 --type String --profile client",
        "aws s3 ls --profile client --region eu-central-1",
        "aws sts get-caller-identity --profile client",
    ):
        done = subprocess.run(
            command.split(), env=environ, capture_output=True, text=True, check=True
        )
    assert '"Account": "222222222222"' in done.stdout


def test_without_arguments_every_target_is_stored(assume, aws, sts):
    sts.always("333333333333", answers.access_denied("arn:aws:iam::333333333333:role/deploy"))
    done = assume()
    assert done.code == 4
    assert re.findall(r"^profile (\w+):", done.out, re.MULTILINE) == ["dev", "prd"]
    assert "profile tst was not stored" in done.err
    assert "What to do: the trust policy of" in done.err.replace("\n  ", " ")
    assert "  More: rolecall explain access-denied\n" in done.err
    assert keys_of(aws / "credentials", "prd")


def test_a_region_is_not_needed(assume, aws):
    done = assume(ROLE, "client", AWS_REGION="")
    assert done.code == 0, done.err
    assert "account 222222222222, until" in done.out
    assert not (aws / "config").exists()


def test_the_files_are_in_the_home_folder_where_nothing_else_is_said(rolecall, tmp_path):
    done = rolecall(
        "assume",
        ROLE,
        "client",
        HOME=str(tmp_path),
        AWS_CONFIG_FILE="",
        AWS_SHARED_CREDENTIALS_FILE="~/x/credentials",
    )
    assert done.code == 0, done.err
    assert (tmp_path / ".aws" / "config").exists()
    assert (tmp_path / "x" / "credentials").exists()
    assert stat.S_IMODE((tmp_path / ".aws").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config", "[profile client]\nrole_arn = x\n", "has role_arn in [profile client]"),
        ("credentials", "[client]\ncredential_process = x\n", "has credential_process in [client]"),
        ("credentials", "key = 1\n[a]\n", "is no AWS file"),
        ("config", b"\xff\xfe", "is not UTF-8"),
        ("credentials", "[client]\naws_access_key_id = AKIA\n", "has long-lived keys in [client]"),
    ],
)
def test_files_that_do_not_fit_are_left_alone(assume, aws, name, content, message):
    data = content if isinstance(content, bytes) else content.encode()
    (aws / name).write_bytes(data)
    done = assume(ROLE, "client")
    assert done.code == 2
    assert message in done.message
    assert (aws / name).read_bytes() == data
    assert {path.name for path in aws.iterdir()} <= {name, ".rolecall.lock"}


def test_other_spellings_of_a_profile_s_header_are_the_same_profile(assume, aws):
    (aws / "config").write_text('[profile "client"]\noutput = text\n')
    assert assume(ROLE, "client").code == 0
    assert (aws / "config").read_text() == (
        '[profile "client"]\noutput = text\nregion = eu-central-1\n'
    )
    (aws / "config").write_text("[profile   default]\nrole_arn = x\n")
    assert "has role_arn in [profile default]" in assume(ROLE, "default").message


def test_an_older_name_of_the_token_goes(assume, aws):
    old = "[client]\naws_access_key_id = OLD\naws_security_token = OLD\n"
    (aws / "credentials").write_text(old)
    assert assume(ROLE, "client").code == 0
    assert "aws_security_token" not in keys_of(aws / "credentials", "client")


def test_keys_in_capitals_are_changed_in_place(assume, aws, sts):
    (aws / "credentials").write_text(
        "[client]\nAWS_ACCESS_KEY_ID = OLD\nAWS_SECRET_ACCESS_KEY: OLD\nAWS_SESSION_TOKEN=OLD\n"
        "aws_account_id = 999999999999\n[z]\nRegion = x\n"
    )
    (aws / "config").write_text("[profile client]\nRegion = eu-west-3\n")
    assert assume(ROLE, "client").code == 0
    issued = next(iter(sts.issued.values()))
    assert (aws / "credentials").read_text() == (
        f"[client]\naws_access_key_id = {issued.key_id}\naws_secret_access_key = {issued.secret}\n"
        f"aws_session_token = {issued.token}\n[z]\nRegion = x\n"
    )
    assert (aws / "config").read_text() == "[profile client]\nregion = eu-central-1\n"


@pytest.mark.parametrize("name", ["DEFAULT", "__proto__"])
def test_a_section_that_is_no_profile_s_is_no_name(rolecall, assume, sts, name):
    wrong = f"'{name}' is no name for a profile"
    for done in (
        assume(ROLE, name),
        assume(ROLECALL_TARGETS=f"dev={ROLE} {name}=arn:aws:iam::333333333333:role/deploy"),
        rolecall.run("true", ROLECALL_TARGETS=f"{name}={ROLE}"),
    ):
        assert done.code == 2
        assert wrong in done.message
    assert sts.calls == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$HOME/a b/x", "home/a b/x"),
        ("${HOME}/x", "home/x"),
        ("~/x", "home/x"),
        ("here/x", "here/x"),
        ("$UNKNOWN/x", "$UNKNOWN/x"),
        ("here/../x", "x"),
    ],
)
def test_the_files_are_found_as_botocore_finds_them(rolecall, written, meant):
    home = rolecall.folder / "home"
    (rolecall.folder / "here").mkdir()
    files = {
        "AWS_CONFIG_FILE": f"{written}.config",
        "AWS_SHARED_CREDENTIALS_FILE": f"{written}.keys",
    }
    done = rolecall("assume", ROLE, "client", HOME=str(home), **files)
    assert done.code == 0, done.err
    for end in ("config", "keys"):
        assert (rolecall.folder / f"{meant}.{end}").is_file()
    assert not (rolecall.folder / "~").exists()


def test_a_home_that_nobody_knows_is_told(assume):
    done = assume(ROLE, "client", AWS_CONFIG_FILE="~no-such-user/config")
    assert done.code == 2
    assert "AWS_CONFIG_FILE: '~no-such-user/config' names no home folder" in done.message


def test_one_file_may_be_both(assume, aws, sts):
    for profile, sections in (("client", ["profile client", "client"]), ("default", ["default"])):
        path = aws / profile
        path.write_bytes(OTHERS.replace(b"[default]", b"[another]"))
        files = {"AWS_CONFIG_FILE": str(path), "AWS_SHARED_CREDENTIALS_FILE": str(path)}
        for _ in range(2):
            assert assume(ROLE, profile, **files).code == 0
        assert path.read_bytes().count(profile.encode() + b"]") == len(sections)
        assert keys_of(path, sections[0])["region"] == "eu-central-1"
        assert keys_of(path, sections[-1])["aws_access_key_id"] in sts.issued


def test_an_aws_file_that_cannot_be_read_is_told_with_its_line(rolecall, assume, aws, sts):
    (aws / "config").write_text("[default]\nregion = x\n\nregion = y\n")
    wrong = (
        f"{aws}/config:4: is no AWS file that the AWS CLI and boto3 can read: region stands a"
        " second time in [default]; leave one out"
    )
    files = {"AWS_CONFIG_FILE": str(aws / "config")}
    keyless = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    for done in (
        assume(ROLE, "client"),
        rolecall.run("true", **files),
        rolecall.run("true", **files, **keyless),
        rolecall("plan", "--check", ROLECALL_COMMANDS="true", **files),
        rolecall("plan", ROLECALL_COMMANDS="true", **files),
        rolecall("plan", ROLECALL_COMMANDS="true", AWS_REGION="", **files),
        rolecall("exec", "dev", "--", "true", **files),
        rolecall("init", "--print", ROLECALL_TARGETS="", **files),
    ):
        assert done.code == 2
        assert wrong in done.message
        assert "no AWS credentials" not in done.message
    assert sts.calls == []


def test_an_aws_file_that_cannot_be_read_is_told_beside_all_other_mistakes(rolecall, aws, sts):
    (aws / "credentials").write_text("[default]\naws_secret_access_keyEXAMPLE\n")
    done = rolecall(
        "run",
        AWS_SHARED_CREDENTIALS_FILE=str(aws / "credentials"),
        AWS_REGION="",
        ROLECALL_TARGETS=f"dev={ROLE} ssm:/more x=arn:aws:iam::1:role/deploy",
        ROLECALL_MAX_PARALLEL="none",
    )
    assert done.code == 2
    for wrong in (f"{aws}/credentials:2: is no AWS file", "ROLECALL_MAX_PARALLEL", "iam::1:role"):
        assert done.message.count(wrong) == 1, wrong
    assert "EXAMPLE" not in done.message
    assert "ROLECALL_REGIONS" not in done.message
    assert sts.calls == []


def test_many_at_once_may_share_the_config_file_alone(aws, rolecall):
    started = []
    for n in range(8):
        (aws / f"c{n}").mkdir()
        files = {
            "AWS_CONFIG_FILE": str(aws / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(aws / f"c{n}" / "credentials"),
        }
        started.append(rolecall.start("assume", ROLE, f"p{n}", **files))
    assert [rolecall.finish(process).code for process in started] == [0] * 8
    assert len(configparser_of(aws / "config").sections()) == 8


def test_one_configured_target_is_stored_by_its_name(assume, aws):
    done = assume("tst")
    assert (done.code, done.err) == (0, "")
    assert set(configparser_of(aws / "credentials").sections()) == {"tst"}


@pytest.mark.parametrize(
    ("name", "variable"),
    [("config", "AWS_CONFIG_FILE"), ("credentials", "AWS_SHARED_CREDENTIALS_FILE")],
)
def test_symlinks_are_not_followed_and_what_to_set_is_said(assume, aws, tmp_path, name, variable):
    real = tmp_path / "real"
    real.write_text("[a]\nb = 1\n")
    (aws / name).symlink_to(real)
    done = assume(ROLE, "client")
    assert done.code == 2
    assert f"{aws / name} is a symbolic link, which rolecall does not write thr" in done.message
    assert "a new file would take the link's place" in done.message
    assert f"What to do: set {variable} to the file it points to: {real}" in done.message
    assert real.read_text() == "[a]\nb = 1\n"
    assert assume(ROLE, "client", **{variable: str(real)}).code == 0
    assert real.read_text().startswith("[a]\nb = 1\n\n[")


def test_a_folder_of_aws_files_may_be_a_link(rolecall, tmp_path):
    (tmp_path / "dotfiles/aws").mkdir(parents=True)
    (tmp_path / ".aws").symlink_to("dotfiles/aws")
    home = {"HOME": str(tmp_path), "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": ""}
    assert rolecall("assume", ROLE, "client", **home).code == 0
    assert keys_of(tmp_path / "dotfiles/aws/credentials", "client")


def test_what_makes_no_sense_is_refused(assume, sts):
    for arguments, extra, message in [
        ((ROLE,), {}, "assume needs a name for the profile: rolecall assume ARN PROFILE"),
        (("stage",), {}, "'stage' is no target; there are dev, tst, prd"),
        (("nope", "client"), {}, "'nope' is neither an ARN nor an account id"),
        ((ROLE, "a b"), {}, "'a b' is no name"),
        ((ROLE, "a"), {"ROLECALL_PROFILE_MODE": "refreshing"}, "leave it out for assume"),
        ((ROLE, "a"), {"ROLECALL_PROFILE_MODE": "endpoint"}, "leave it out for assume"),
    ]:
        done = assume(*arguments, **extra)
        assert done.code == 2
        assert message in done.message
    assert sts.calls == []


@pytest.mark.parametrize("many", [10, long(50)])
def test_many_at_once_lose_nothing(assume, aws, rolecall, sts, many):
    (aws / "credentials").write_bytes(OTHERS)
    files = {
        "AWS_CONFIG_FILE": str(aws / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(aws / "credentials"),
    }
    started = [rolecall.start("assume", ROLE, f"p{n}", **files) for n in range(many)]
    finished = [rolecall.finish(process) for process in started]
    assert [done.code for done in finished] == [0] * many, finished[0].err
    text = (aws / "credentials").read_bytes()
    assert text.startswith(OTHERS)
    stored = {keys_of(aws / "credentials", f"p{n}")["aws_access_key_id"] for n in range(many)}
    assert stored == set(sts.issued)
    rest = text[len(OTHERS) :].decode()
    assert len(re.findall(r"^\[p\d+\]$", rest, re.MULTILINE)) == many
    assert len(rest.split()) == many * 10
    assert {p.name for p in aws.iterdir()} <= {"config", "credentials", ".rolecall.lock"}
