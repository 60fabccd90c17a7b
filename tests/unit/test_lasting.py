"""What commands meet that stays the same from try to try."""

from __future__ import annotations

import pytest

from rolecall.state.lasting import lasting, lasting_variables


@pytest.mark.parametrize(
    "name",
    [
        "CODEBUILD_BUILD_ID", "CODEBUILD_SRC_DIR_lib", "CODEBUILD_ANYTHING_NEW", "ROLECALL_ONLY",
        "ECS_CONTAINER_METADATA_URI", "AWS_EXECUTION_ENV", "AWS_REGION", "HOSTNAME", "PWD", "SHLVL",
        "_", "TERM", "TERM_SESSION_ID", "SSH_AUTH_SOCK", "TMPDIR", "CODEARTIFACT_AUTH_TOKEN",
        "XDG_SESSION_ID", "_X_AMZN_TRACE_ID",
    ],
)  # fmt: skip
def test_what_tells_the_try_or_the_terminal_does_not_count(name):
    assert lasting_variables({name: "1"}) == {}


@pytest.mark.parametrize(
    "name",
    ["SERVICE", "VERSION", "PATH", "HOME", "IMAGE_TAG", "API_TOKEN", "SSHD", "TERMS", "PWDS",
     "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "XDG_CONFIG_HOME", "TF_VAR_x", "LANG", "NODE_ENV"],
)  # fmt: skip
def test_everything_else_counts(name):
    assert lasting_variables({name: "1"}) == {name: "1"}


def test_paths_below_the_folder_of_a_build_count_by_what_comes_after_it():
    def of(number):
        source = f"/codebuild/output/src{number}/src"
        return lasting_variables(
            {
                "CODEBUILD_SRC_DIR": source,
                "CODEBUILD_SRC_DIR_lib": f"{source}/lib",
                "PATH": f"/usr/bin:{source}/lib/bin:{source}/bin",
            }
        )

    assert of(1) == of(2)
    assert of(1)["PATH"] == "/usr/bin:$CODEBUILD_SRC_DIR_lib/bin:$CODEBUILD_SRC_DIR/bin"


def source(folder, *scripts, **environ):
    return lasting(environ, environ, folder, scripts).source


def test_what_a_build_builds_counts_and_its_files_are_known_by_their_revision(tmp_path):
    (tmp_path / "deploy.sh").write_text("true")
    given = {
        "CODEBUILD_RESOLVED_SOURCE_VERSION": "cafe",
        "CODEBUILD_SOURCE_VERSION_lib": "beef",
        "CODEBUILD_BUILD_IMAGE": "image:1",
    }
    assert source(tmp_path, "./deploy.sh", **given, CODEBUILD_BUILD_NUMBER="7") == given


def test_without_a_revision_the_files_that_commands_name_are_looked_at(tmp_path):
    for name in ("deploy.sh", "t.yaml", "out", "other"):
        (tmp_path / name).write_text(name)
    (tmp_path / "mark").touch()
    script = "sh ./deploy.sh --template t.yaml > out\ntest -e mark; echo 'it''s"
    assert set(source(tmp_path, script)) == {"file ./deploy.sh", "file t.yaml"}
    before = source(tmp_path, script)
    (tmp_path / "t.yaml").write_text("changed")
    assert source(tmp_path, script) != before
    assert source(tmp_path, f"sh {tmp_path}/deploy.sh", "echo 'no end") == {}


def test_a_file_too_large_to_read_counts_by_its_size_and_time(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(5_000_000)
    assert source(tmp_path, "cat large")["file large"].startswith("5000000 bytes of ")


def test_without_a_revision_the_commit_that_is_checked_out_counts(tmp_path):
    git, below = tmp_path / ".git", tmp_path / "infra"
    (git / "refs/heads").mkdir(parents=True)
    below.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs/heads/main").write_text("cafe\n")
    assert source(below) == {"commit": "cafe"}
    (git / "refs/heads/main").unlink()
    assert source(below) == {}
    (git / "packed-refs").write_text("# pack-refs\nbeef refs/heads/main\n")
    assert source(below) == {"commit": "beef"}
    (git / "HEAD").write_text("f00d\n")
    assert source(below) == {"commit": "f00d"}


def test_a_worktree_s_commit_is_found(tmp_path):
    own = tmp_path / "repository/.git/worktrees/w"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/x\n")
    (own / "commondir").write_text("../..\n")
    (own.parents[1] / "refs/heads").mkdir(parents=True)
    (own.parents[1] / "refs/heads/x").write_text("cafe\n")
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / ".git").write_text(f"gitdir: {own}\n")
    assert source(folder) == {"commit": "cafe"}
