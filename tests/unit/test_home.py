"""The home folder of a target's commands, where the user's own holds credentials of AWS."""

from __future__ import annotations

import pytest

from rolecall.profiles import home


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "private"
    (made / ".aws").mkdir(parents=True)
    (made / ".aws" / "config").write_text("the target's")
    return made


@pytest.fixture
def user(tmp_path):
    made = tmp_path / "user"
    made.mkdir()
    (made / ".gitconfig").write_text("[user]")
    (made / "work").mkdir()
    return made


def test_a_home_without_credentials_stays_what_it_is(user, folder):
    assert home.private({"HOME": str(user)}, folder) == {}
    assert [path.name for path in folder.iterdir()] == [".aws"]


@pytest.mark.parametrize("place", [".aws", ".boto", ".s3cfg", ".fog", ".passwd-s3fs", ".ecs"])
def test_a_home_with_credentials_is_replaced_by_one_with_all_but_them(user, folder, place):
    (user / place).mkdir()
    assert home.private({"HOME": str(user)}, folder) == {"HOME": str(folder)}
    assert {path.name for path in folder.iterdir()} == {".aws", ".gitconfig", "work"}
    assert (folder / ".gitconfig").read_text() == "[user]"
    assert (folder / ".aws" / "config").read_text() == "the target's"
    (folder / "work" / "new").write_text("x")
    assert (user / "work" / "new").exists()


def test_what_is_no_credential_of_the_aws_folder_is_there(user, folder):
    (user / ".aws" / "cli" / "cache").mkdir(parents=True)
    (user / ".aws" / "cli" / "alias").write_text("[toplevel]")
    (user / ".aws" / "models").mkdir()
    (user / ".aws" / "credentials").write_text("[default]")
    for cache in ("sso", "login"):
        (user / ".aws" / cache / "cache").mkdir(parents=True)
    home.private({"HOME": str(user)}, folder)
    assert (folder / ".aws" / "cli" / "alias").read_text() == "[toplevel]"
    found = {str(path.relative_to(folder / ".aws")) for path in (folder / ".aws").rglob("*")}
    assert found == {"config", "cli", "cli/alias", "models"}


def test_a_credentials_folder_that_is_a_link_counts_also_where_it_leads_nowhere(user, folder):
    (user / ".aws").symlink_to("/nowhere")
    assert home.private({"HOME": str(user)}, folder) == {"HOME": str(folder)}


def test_without_a_variable_it_is_the_home_that_the_system_knows(user, folder, monkeypatch):
    (user / ".aws").mkdir()
    monkeypatch.setattr(home.pwd, "getpwuid", lambda _: type("E", (), {"pw_dir": str(user)}))
    assert home.private({}, folder) == {"HOME": str(folder)}
