"""Where commands run: each beside others in a copy of its own, alone in the user's folder."""

import json
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from support.command import until

MANY = [f"t{number}" for number in range(16)]
ALL = " ".join(f"{name}={100_000_000_000 + number}" for number, name in enumerate(MANY))
AT_ONCE = {"ROLECALL_MAX_PARALLEL": "16"}
SIXTEEN = {"ROLECALL_TARGETS": ALL, "ROLECALL_ROLE": "deploy", **AT_ONCE}
# What `aws s3 sync dist s3://site-…` would ship, a moment after it was made.
SHIP = """\
echo api=$ROLECALL_TARGET > dist/config.js
sleep 0.3
cp -r dist "$OUT/$ROLECALL_TARGET"
"""


@pytest.fixture
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("shipped")


@pytest.fixture
def project(rolecall):
    """A folder with something of everything in it."""
    (rolecall.folder / "dist").mkdir()
    (rolecall.folder / "dist/config.js").write_text("api=none\n")
    return rolecall.folder


@pytest.fixture
def big(project):
    """More than is copied without a program for it."""
    (project / "many").mkdir()
    for number in range(150):
        (project / f"many/{number}").write_text("")
    return project


def copies(rolecall) -> list[Path]:
    """What is left below the temporary folder."""
    return list((rolecall.folder / "tmp").iterdir())


def test_each_of_sixteen_at_once_ships_its_own_content(rolecall, project, out):
    ran = rolecall.run(SHIP, OUT=str(out), **SIXTEEN)
    assert ran.code == 0, ran.out + ran.err
    shipped = {path.name: (path / "config.js").read_text() for path in out.iterdir()}
    assert shipped == {name: f"api={name}\n" for name in MANY}
    assert (project / "dist/config.js").read_text() == "api=none\n"
    assert copies(rolecall) == []
    assert "workspace: a copy of this folder for each target, up to 16 at once" in ran.out


def test_regions_that_run_at_once_have_a_copy_each(rolecall, project, out):
    ran = rolecall.run(
        "echo $ROLECALL_REGION > dist/config.js; sleep 0.3\n"
        'cp dist/config.js "$OUT/$ROLECALL_REGION"',
        OUT=str(out),
        ROLECALL_TARGETS="dev=arn:aws:iam::222222222222:role/deploy",
        ROLECALL_REGIONS="eu-central-1 us-east-1",
        ROLECALL_REGION_CONCURRENCY="parallel",
        ROLECALL_MAX_PARALLEL="2",
    )
    assert ran.code == 0, ran.out + ran.err
    assert {p.name: p.read_text().strip() for p in out.iterdir()} == {
        region: region for region in ("eu-central-1", "us-east-1")
    }
    assert "a copy of this folder for each deployment, up to 2 at once" in " ".join(ran.out.split())


def test_in_sequence_the_folder_is_the_user_s(rolecall, project):
    ran = rolecall.run("pwd -P; echo $ROLECALL_TARGET >> dist/config.js")
    assert ran.code == 0
    assert (project / "dist/config.js").read_text() == "api=none\ndev\ntst\nprd\n"
    assert ran.out.count(f"{project.resolve()}\n") == 3
    assert "workspace:" not in ran.out


def test_a_copy_can_be_asked_for_in_sequence_and_is_a_new_one_for_each_region(rolecall, project):
    ran = rolecall.run(
        "cat dist/config.js; echo $ROLECALL_REGION > dist/config.js",
        ROLECALL_WORKSPACE="copy",
        ROLECALL_REGIONS="eu-central-1 us-east-1",
    )
    assert ran.code == 0
    assert ran.out.count("\napi=none\n") == 6
    assert (project / "dist/config.js").read_text() == "api=none\n"


def test_what_is_to_be_shared_stays_shared(rolecall, project):
    ran = rolecall.run("pwd -P; touch $ROLECALL_TARGET", ROLECALL_WORKSPACE="shared", **AT_ONCE)
    assert ran.code == 0
    assert all((project / name).exists() for name in ("dev", "tst", "prd"))
    assert ran.out.count(f"| {project.resolve()}\n") == 3
    assert "workspace: this folder, shared by up to 3 at once" in ran.out


def test_what_was_built_before_the_first_target_is_in_each_copy(rolecall, project):
    ran = rolecall.run(
        "cat built/site; cat here",
        ROLECALL_BEFORE="mkdir built; echo once > built/site; touch here; echo top > here",
        **AT_ONCE,
    )
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.count("| once\n") == ran.out.count("| top\n") == 3


@pytest.mark.parametrize("way", ["by a program", "without one"])
def test_links_modes_and_times_are_as_they_were(rolecall, project, way):
    tool = project / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho it runs\n")
    tool.chmod(0o755)
    os.utime(tool, ns=(1_000_000_000_123_456_789, 1_000_000_000_123_456_789))
    (project / "bin/link").symlink_to("tool")
    (project / "dangling").symlink_to("/nowhere/at all")
    (project / ".git").mkdir()
    (project / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (project / "a name\nof two lines -rf").write_text("")
    special = "true"
    if way == "by a program":
        special = "test -p fifo; test -S socket"
        os.mkfifo(project / "fifo")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(project / "socket"))
    os.utime(tool.parent, (1_234_567_890, 1_234_567_890))
    (project / "tmp").mkdir()
    (project / "rolecall-report").mkdir()
    os.utime(project, (1_111_111_111, 1_111_111_111))
    ran = rolecall.run(
        "stat -c '%a %.9Y' bin/tool; stat -c %Y bin; stat -c %Y .; bin/link\n"
        "readlink bin/link dangling; cat .git/HEAD; ls a*; " + special,
        ROLECALL_ONLY="dev",
        ROLECALL_WORKSPACE="copy",
    )
    assert ran.code == 0, ran.out + ran.err
    assert (
        "755 1000000000.123456789\n1234567890\n1111111111\nit runs\ntool\n/nowhere/at all\n"
        in ran.out
    )
    assert "ref: refs/heads/main\n" in ran.out


def test_paths_in_the_environment_lead_to_the_copy_and_those_of_the_report_stay(rolecall, project):
    ran = rolecall.run(
        'echo "src=$CODEBUILD_SRC_DIR here=$PWD path=$PYTHONPATH report=$REPORT tmp=$TMPDIR"\n'
        "echo changed > $CODEBUILD_SRC_DIR/dist/config.js",
        CODEBUILD_SRC_DIR=str(project),
        PYTHONPATH=f"/usr/lib/x:{project}/src:{project}",
        REPORT=str(project / "rolecall-report/report.json"),
        **AT_ONCE,
    )
    assert ran.code == 0, ran.out + ran.err
    line = next(line for line in ran.out.splitlines() if line.startswith("dev | src="))
    told = dict(word.split("=", 1) for word in line.removeprefix("dev | ").split())
    copied = told["src"]
    assert told["here"] == copied != str(project)
    assert Path(copied).name == project.name
    assert told["path"] == f"/usr/lib/x:{copied}/src:{copied}"
    assert told["report"] == str(project / "rolecall-report/report.json")
    assert told["tmp"] == str(project / "tmp")
    assert (project / "dist/config.js").read_text() == "api=none\n"


def test_neither_reports_nor_states_nor_what_is_temporary_is_copied(rolecall, project):
    for name in ("build/report", "build/kept", "state"):
        (project / name).mkdir(parents=True)
        (project / name / "big").write_text("x")
    ran = rolecall.run(
        "find . -type f | sort",
        ROLECALL_REPORT_DIR="build/report",
        ROLECALL_STATE="state",
        ROLECALL_RUN_ID="one",
        **AT_ONCE,
    )
    assert ran.code == 0, ran.out + ran.err
    found = {line.removeprefix("dev | ") for line in ran.out.splitlines() if "dev | ./" in line}
    assert found == {"./build/kept/big", "./dist/config.js"}


def test_a_report_in_the_folder_itself_is_not_copied_and_what_lies_beside_it_is(rolecall, project):
    ran = rolecall.run("ls -A", ROLECALL_REPORT_DIR=".", **AT_ONCE)
    assert ran.code == 0, ran.out + ran.err
    assert {line for line in ran.out.splitlines() if line.startswith("dev | ")} == {"dev | dist"}


@pytest.mark.parametrize("how", ["exit 1", "kill -TERM $$", "kill -KILL $$", "chmod -R a-w ."])
def test_a_copy_is_gone_however_its_commands_end(rolecall, project, big, how):
    ran = rolecall.run(f"touch more; {how}", ROLECALL_ON_FAILURE="continue", **AT_ONCE)
    assert ran.code in {0, 1}
    assert not (project / "more").exists()
    assert copies(rolecall) == []


def test_a_signal_ends_what_runs_and_its_copies_go(rolecall, project):
    process = rolecall.start(
        "run",
        ROLECALL_COMMANDS="touch $OLD/$ROLECALL_TARGET; sleep 60",
        OLD=f"//{project}",
        **AT_ONCE,
    )
    until(lambda: all((project / name).exists() for name in ("dev", "tst", "prd")))
    process.send_signal(signal.SIGTERM)
    assert rolecall.finish(process).code == 143
    assert copies(rolecall) == []


def slow_cp(folder: Path, seconds: str) -> str:
    """A PATH on which a copy takes its time."""
    folder.mkdir()
    (folder / "cp").write_text(
        '#!/bin/sh\ncase "$*" in *--version*) exit;; esac\n'
        f'touch "{folder}/began"; exec sleep {seconds}\n'
    )
    (folder / "cp").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_signal_during_a_copy_ends_it_at_once(rolecall, big, tmp_path_factory):
    programs = tmp_path_factory.mktemp("slow") / "bin"
    process = rolecall.start(
        "run", ROLECALL_COMMANDS="true", PATH=slow_cp(programs, "60"), **AT_ONCE
    )
    until((programs / "began").exists)
    process.send_signal(signal.SIGINT)
    ran = rolecall.finish(process, within=20)
    assert ran.code == 130
    assert ran.statuses == ["not run"] * 3
    assert copies(rolecall) == []


def test_a_copy_that_fails_is_its_target_s_failure_before_any_command(
    rolecall, big, tmp_path_factory
):
    programs = tmp_path_factory.mktemp("full")
    (programs / "cp").write_text("#!/bin/sh\necho 'cp: No space left on device' >&2; exit 1\n")
    (programs / "cp").chmod(0o755)
    ran = rolecall.run(
        "touch $OLD/ran", PATH=f"{programs}:{os.environ['PATH']}", OLD=f"//{big}", **AT_ONCE
    )
    assert ran.code == 1
    assert not (big / "ran").exists()
    first = ran.report["results"][0]
    assert first["status"] == "failed"
    assert first["commands"] == []
    assert first["reason"] == "no working copy could be made: cp: No space left on device"


def test_what_cannot_be_copied_is_told_before_anything_runs(rolecall, project, sts):
    (project / "closed").write_text("")
    unfit = "cannot be read"
    if os.geteuid() == 0:  # who reads everything
        (project / "closed").unlink()
        os.mknod(project / "closed", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        unfit = "is a device"
    (project / "closed").chmod(0)
    ran = rolecall.run("true", ROLECALL_BEFORE="touch began", **AT_ONCE)
    assert ran.code == 2
    why = f"ROLECALL_WORKSPACE: {project} cannot be copied: {project}/closed {unfit}"
    assert why in ran.message
    assert "WORKSPACE=shared" in ran.message
    assert not (project / "began").exists()
    assert sts.assumed() == []


def test_what_cannot_be_copied_once_it_is_built_keeps_every_target_from_beginning(
    rolecall, project
):
    unfit = "mknod closed c 1 3" if os.geteuid() == 0 else "touch closed; chmod 0 closed"
    ran = rolecall.run("true", ROLECALL_BEFORE=unfit, ROLECALL_AFTER="true", **AT_ONCE)
    assert ran.code == 1
    assert ran.statuses == ["not run"] * 3
    assert "cannot be copied" in ran.report["results"][0]["reason"]
    assert ran.report["after"] is None


def test_what_is_to_stay_stays_and_what_is_to_go_goes(rolecall, project):
    ran = rolecall.run(
        'echo $ROLECALL_TARGET > "$ROLECALL_ARTIFACTS/plan"; touch "$ROLECALL_SCRATCH/.terraform"\n'
        'stat -c %a "$ROLECALL_SCRATCH" "$ROLECALL_ARTIFACTS"',
        ROLECALL_REGIONS="eu-central-1 us-east-1",
        **AT_ONCE,
    )
    assert ran.code == 0, ran.out + ran.err
    kept = project / "rolecall-report/artifacts"
    assert sorted(p.name for p in kept.iterdir()) == sorted(
        f"{name}-{region}"
        for name in ("dev", "tst", "prd")
        for region in ("eu-central-1", "us-east-1")
    )
    assert (kept / "dev-us-east-1/plan").read_text() == "dev\n"
    assert ran.out.count("| 700\n") == 12
    assert ran.report["results"][0]["artifacts"] == "artifacts/dev-eu-central-1"
    assert copies(rolecall) == []


def test_they_are_there_in_sequence_and_where_they_are_empty_they_go(rolecall, project):
    ran = rolecall.run('test -d "$ROLECALL_SCRATCH"; ls -A "$ROLECALL_ARTIFACTS"')
    assert ran.code == 0, ran.out + ran.err
    assert not (project / "rolecall-report/artifacts").exists()
    assert ran.report["results"][0]["artifacts"] is None


def test_a_run_begins_without_what_an_earlier_one_has_left(rolecall, project):
    rolecall.run('mkdir "$ROLECALL_ARTIFACTS/deep"')
    own = project / "rolecall-report/artifacts/of the user"
    own.mkdir()
    ran = rolecall.run("true", ROLECALL_ONLY="dev")
    assert ran.code == 0
    assert list((project / "rolecall-report/artifacts").iterdir()) == [own]


def test_nothing_is_kept_through_a_planted_link(rolecall, project, out):
    ran = rolecall.run(
        'rmdir "$ROLECALL_ARTIFACTS"; rmdir "${ROLECALL_ARTIFACTS%/*}"\n'
        f'ln -s {out} "${{ROLECALL_ARTIFACTS%/*}}"',
        ROLECALL_ON_FAILURE="continue",
    )
    assert ran.statuses == ["succeeded", "failed", "failed"]
    assert ran.out.count("warning: artifacts not made: target=tst region=eu-central-1") == 1
    assert list(out.iterdir()) == []


def test_before_and_after_have_a_folder_that_goes(rolecall, project):
    ran = rolecall.run(
        "true",
        ROLECALL_BEFORE='touch "$ROLECALL_SCRATCH/x"',
        ROLECALL_AFTER='test -z "$(ls -A "$ROLECALL_SCRATCH")"',
    )
    assert ran.code == 0, ran.out + ran.err
    assert copies(rolecall) == []


def test_an_ad_hoc_command_runs_where_it_was_typed_unless_a_copy_is_asked_for(rolecall, project):
    words = ("exec", "--all", "--", "sh", "-c", 'touch $ROLECALL_TARGET "$ROLECALL_SCRATCH/x"')
    assert rolecall(*words, **AT_ONCE, ROLECALL_WORKSPACE="copy").code == 0
    assert not (project / "dev").exists()
    assert rolecall(*words, **AT_ONCE).code == 0
    assert (project / "dev").exists()
    assert copies(rolecall) == []


def test_the_plan_says_where_commands_run_and_a_run_keeps_to_it(rolecall, project):
    planned = rolecall("plan", "--out", "plan.json", ROLECALL_COMMANDS="true", **AT_ONCE)
    assert "workspace: a copy of this folder for each target, up to 3 at once" in planned.out
    assert json.loads((project / "plan.json").read_text())["options"]["workspace"] is None
    ran = rolecall.run("true", ROLECALL_PLAN="plan.json", ROLECALL_WORKSPACE="shared", **AT_ONCE)
    assert ran.code == 2
    assert "~ WORKSPACE was not set, is shared" in ran.err


def test_the_log_for_machines_says_where_commands_run(rolecall, project):
    ran = rolecall.run("true", ROLECALL_LOG_FORMAT="json", **AT_ONCE)
    planned = json.loads(ran.out.splitlines()[0])
    assert planned["workspace"] == "copy"
