"""Links planted where rolecall writes, and names that would mean another place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command import TARGETS

ROOT = Path(__file__).parents[2]
ONE = TARGETS.split()[0]


@pytest.mark.parametrize("path", [".", "report.json", "junit.xml", "report.html", "exports.sh"])
def test_a_symlink_that_commands_plant_where_the_report_goes_is_not_followed(
    rolecall, tmp_path, path
):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "report.json").write_text("mine")
    report = tmp_path / "rolecall-report"
    plant = f"rm -rf {report}; ln -s {precious} {report}"
    if path != ".":
        plant = f"rm -f {report}/{path}; ln -s {precious}/report.json {report}/{path}"
    done = rolecall.run(plant, ROLECALL_TARGETS=ONE)
    assert done.code == 0
    assert "is a symbolic link, which rolecall does not write through" in done.message
    assert [p.name for p in precious.iterdir()] == ["report.json"]
    assert (precious / "report.json").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--out", "planted"),
        ("plan", "--batch", "target", "--out", "planted"),
        ("report", "rolecall-report", "--format", "html", "--out", "planted"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_symlink_in_place_of_a_file_to_write_is_refused(rolecall, tmp_path, arguments):
    assert rolecall.run("true").code == 0
    (tmp_path / "buildspec.yml").write_bytes((ROOT / "buildspec.yml").read_bytes())
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "planted").symlink_to(tmp_path / "precious")
    done = rolecall(*arguments, ROLECALL_COMMANDS="true")
    assert done.code == 2
    assert "is a symbolic link, which rolecall does not write through" in done.message
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_symlink_in_place_of_the_merged_report_is_refused(rolecall, tmp_path):
    assert rolecall.run("true").code == 0
    (tmp_path / "precious").mkdir()
    (tmp_path / "merged").symlink_to(tmp_path / "precious")
    done = rolecall("merge", "rolecall-report", "--out", "merged")
    assert done.code == 2
    assert "is a symbolic link" in done.message
    assert list((tmp_path / "precious").iterdir()) == []


def test_a_symlink_in_place_of_the_lock_of_the_aws_files_is_not_followed(rolecall, tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws/.rolecall.lock").symlink_to(tmp_path / "precious")
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws/credentials"),
    }
    done = rolecall("assume", "arn:aws:iam::222222222222:role/deploy", "client", **files)
    assert done.code == 2
    assert "cannot be locked" in done.message
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_link_in_place_of_the_next_target_s_private_folder_fails_that_alone(rolecall, tmp_path):
    (tmp_path / "precious").mkdir()
    root = '"${AWS_CONFIG_FILE%/*/*/*/*}"'
    plant = f'[ "$ROLECALL_TARGET" != dev ] || ln -s {tmp_path}/precious {root}/2-eu-central-1'
    done = rolecall.run(plant, ROLECALL_ON_FAILURE="continue")
    assert (done.code, done.statuses) == (1, ["succeeded", "failed", "succeeded"])
    assert "2-eu-central-1 cannot be made: File exists" in done.report["results"][1]["reason"]
    assert list((tmp_path / "precious").iterdir()) == []


def test_a_link_in_place_of_the_session_is_not_renewed_through(rolecall, sts, tmp_path):
    sts.lifetime = 2
    (tmp_path / "precious").write_text("mine")
    plant = f'ln -sf {tmp_path}/precious "$(dirname "$AWS_CONFIG_FILE")/session.json"; sleep 2'
    done = rolecall.run(plant, ROLECALL_TARGETS=ONE)
    assert done.code == 0, done.out
    assert "warning: renewal failed: target=dev" in done.out
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("1-of-1.lock", "cannot be made: Too many levels of symbolic links"),
        ("1-of-1.json", "is a symbolic link, which rolecall does not write through"),
    ],
)
def test_a_link_in_place_of_a_file_of_the_state_is_refused(rolecall, sts, tmp_path, name, message):
    known = {"ROLECALL_STATE": "state", "ROLECALL_RUN_ID": "release-42"}
    assert rolecall.run("true", **known).code == 0
    before = len(sts.calls)
    path = tmp_path / "state/release-42" / name
    path.rename(tmp_path / "precious")
    path.symlink_to(tmp_path / "precious")
    kept = (tmp_path / "precious").read_bytes()
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, **known)
    assert done.code == 2
    assert message in done.message
    assert (tmp_path / "precious").read_bytes() == kept
    assert len(sts.calls) == before


@pytest.mark.parametrize("name", ["..", ".", "-rf", "a" * 64, "CON", "a..", "-"])
def test_a_name_that_would_mean_another_place_stays_a_name(rolecall, tmp_path, name):
    before = {path.name for path in tmp_path.iterdir()}
    done = rolecall.run(
        'test "$ROLECALL_TARGET" = "$AWS_PROFILE"',
        ROLECALL_TARGETS=f"{name}=arn:aws:iam::222222222222:role/deploy",
    )
    assert done.code == 0, done.out
    assert done.report["results"][0]["target"] == name
    assert {path.name for path in tmp_path.iterdir()} - before == {"rolecall-report", "tmp"}


@pytest.mark.parametrize("name", ["a/b", "../a", "a\u0301", "\uff41", "a" * 65, "a b", "a\tb"])
def test_a_name_that_is_none_is_refused(rolecall, sts, name):
    done = rolecall.run(
        "true",
        ROLECALL_TARGETS=json.dumps(
            [{"name": name, "role_arn": "arn:aws:iam::222222222222:role/a"}]
        ),
    )
    assert done.code == 2
    assert "ROLECALL_TARGETS" in done.message
    assert sts.calls == []
