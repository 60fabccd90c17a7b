"""The harness itself: what of CodeBuild's ways it keeps to."""

from __future__ import annotations

import os

import pytest
import yaml

from support.buildspec import BuildspecRun, Ended, Variable, spawn, spawn_in
from support.buildspec_file import BuildspecError, parse

PATH = {"PATH": os.environ["PATH"]}


@pytest.fixture
def build(tmp_path):
    """Runs a buildspec, written as its data without the version."""

    def run(spec, **more):
        (tmp_path / "source").mkdir(exist_ok=True)
        (tmp_path / "state").mkdir(exist_ok=True)
        return BuildspecRun(
            spec=parse(yaml.safe_dump({"version": 0.2, **spec})),
            source=tmp_path / "source",
            state=tmp_path / "state",
            image={**PATH, **more.pop("image", {})},
            **more,
        ).run()

    return run


def phases(**commands):
    """Each phase with its commands."""
    return {"phases": {name: {"commands": [text]} for name, text in commands.items()}}


def all_phases(**instead):
    names = ("install", "pre_build", "build", "post_build")
    return phases(**{name: instead.get(name, f"echo {name}") for name in names})


def test_phases_run_in_order_whatever_the_file_s(build):
    done = build(phases(post_build="echo 4", build="echo 3", install="echo 1", pre_build="echo 2"))
    assert done.ran == ["install", "pre_build", "build", "post_build"]
    assert done.output.split() == ["1", "2", "3", "4"]
    assert done.succeeded


@pytest.mark.parametrize(
    ("failing", "ran"),
    [
        ("install", ["install"]),
        ("pre_build", ["install", "pre_build"]),
        ("build", ["install", "pre_build", "build", "post_build"]),
        ("post_build", ["install", "pre_build", "build", "post_build"]),
    ],
)
def test_post_build_runs_after_a_failed_build_and_after_no_earlier_failure(build, failing, ran):
    done = build(all_phases(**{failing: "exit 3"}))
    assert done.ran == ran
    assert not done.succeeded
    failed = [phase for phase in done.phases if not phase.succeeded]
    assert [(p.name, p.exit_code, p.failed_command) for p in failed] == [(failing, 3, "exit 3")]


def test_a_failure_ends_its_phase_at_that_command(build):
    done = build({"phases": {"build": {"commands": ["echo a", "false", "echo b"]}}})
    assert done.output == "a\n"
    assert done.phases[0].failed_command == "false"


@pytest.mark.parametrize("shell", ["bash", "/bin/sh"])
@pytest.mark.parametrize(
    "failing",
    ["false", "exit 1", "set -e\nfalse\ntrue", "if", "nosuchcommand", "kill -9 $$", "exec false"],
)
def test_finally_runs_however_its_commands_failed(build, failing, shell):
    block = {"commands": ["cd /", failing, "echo no"], "finally": ["echo last"]}
    done = build({"env": {"shell": shell}, "phases": {"build": block}})
    assert done.output.endswith("last\n")
    assert "no\n" not in done.output
    assert not done.succeeded
    assert done.phases[0].failed_command == failing


def test_finally_runs_after_success_and_its_failure_is_the_phase_s(build):
    block = {"commands": ["echo a"], "finally": ["echo b", "exit 4"]}
    done = build({"phases": {"pre_build": block, "build": {"commands": ["echo c"]}}})
    assert done.output == "a\nb\n"
    assert (done.ran, done.phases[0].exit_code) == (["pre_build"], 4)


@pytest.mark.parametrize("shell", ["bash", "/bin/sh"])
def test_folder_and_variables_carry_over_between_commands_and_phases(build, shell, tmp_path):
    (tmp_path / "source" / "it's").mkdir(parents=True)
    install = {
        "commands": [
            'cd "it\'s"',
            "f() { echo f; }; own=1",
            "f; export A='x\ny' B=\"$own\"; unset C",
        ],
        "finally": ['echo "$(basename "$PWD") $B"; B=2'],
    }
    done = build(
        {
            "env": {"shell": shell, "variables": {"C": "c"}},
            "phases": {"install": install, "build": {"commands": ['pwd; echo "<$A> $B ${C-}"']}},
        }
    )
    assert done.output == f"f\nit's 1\n{tmp_path}/source/it's\n<x\ny> 2 \n"


def test_the_nearer_to_the_start_of_the_build_the_more_a_variable_weighs(build):
    names = ("A", "B", "C", "D")
    values = {
        "image": dict.fromkeys(names, "image"),
        "project": dict.fromkeys(names[2:], "project"),
        "start": dict.fromkeys(names[3:], "start"),
    }
    spec = {"env": {"variables": dict.fromkeys(names[1:], "buildspec")}}
    done = build({**spec, **phases(build="echo $A $B $C $D")}, **values)
    assert done.output == "image buildspec project start\n"


def test_parameters_and_secrets_are_looked_up_where_nothing_nearer_is_set(build):
    asked = []

    def look_up(name):
        asked.append(name)
        return f"<{name}>"

    done = build(
        {
            "env": {
                "parameter-store": {"A": "/a", "B": "/b"},
                "secrets-manager": {"C": "id:key"},
                "exported-variables": ["A", "B", "D"],
            },
            **phases(build="echo $A $B $C $D"),
        },
        project={"B": "near", "D": Variable(value="/d", type="PARAMETER_STORE")},
        parameter=look_up,
        secret=look_up,
    )
    assert done.output == "</a> near <id:key> </d>\n"
    assert sorted(asked) == ["/a", "/d", "id:key"]
    assert done.exported == {"A": "</a>", "B": "near"}


def test_without_a_resolver_a_look_up_is_an_error(build):
    with pytest.raises(BuildspecError, match="/a is to be looked up"):
        build({"env": {"parameter-store": {"A": "/a"}}, **phases(build="true")})


def test_variables_are_exported_with_their_last_value(build):
    env = {"variables": {"A": "1", "B": "1"}, "exported-variables": ["A", "B", "C", "NONE"]}
    block = {"commands": ["export A=2 C=3", "exit 1"], "finally": ["export C=4"]}
    done = build({"env": env, "phases": {"build": block}})
    assert done.exported == {"A": "2", "B": "1", "C": "4"}


def test_codebuild_s_own_variables_are_there(build, tmp_path):
    show = "echo $CODEBUILD_BUILD_SUCCEEDING"
    done = build(
        {
            "phases": {
                "pre_build": {"commands": ["echo $CODEBUILD_SRC_DIR $CODEBUILD_BUILD_NUMBER"]},
                "build": {"commands": [show, "false"], "finally": [show]},
                "post_build": {"commands": [show]},
            }
        },
        codebuild={"CODEBUILD_BUILD_NUMBER": "12"},
    )
    assert done.output.split() == [str(tmp_path / "source"), "12", "1", "0", "0"]


@pytest.mark.parametrize(
    ("rule", "ran"), [("ABORT", ["build"]), ("CONTINUE", ["build", "post_build"])]
)
def test_on_failure_says_whether_the_next_phase_begins(build, rule, ran):
    spec = all_phases(build="false")["phases"]
    spec = {name: spec[name] for name in ("build", "post_build")}
    spec["build"]["on-failure"] = rule
    done = build({"phases": spec})
    assert done.ran == ran
    assert not done.succeeded


@pytest.mark.parametrize(
    ("rule", "tries"),
    [("RETRY", 4), ("RETRY-1", 2), ("RETRY-9-no luck", 10), ("RETRY-never printed", 1)],
)
def test_on_failure_retries_so_often_and_where_the_output_fits(build, rule, tries):
    spec = phases(build="echo x >> tries; echo no luck; false", post_build="true")
    spec["phases"]["build"]["on-failure"] = rule
    assert build(spec).ran == ["build"]
    assert build(phases(build="wc -l < tries")).output.strip() == str(tries)


def test_a_retry_that_succeeds_is_a_success(build):
    spec = phases(build="[ -f once ] || { : > once; false; }", post_build="echo then")
    spec["phases"]["build"]["on-failure"] = "RETRY"
    done = build(spec)
    assert done.succeeded
    assert done.output == "then\n"


def test_reports_and_artifacts_are_collected_after_a_failure_too(build):
    spec = {
        **phases(build="mkdir -p out/a && touch out/1.xml out/a/2.xml && export OUT=out && false"),
        "reports": {"tests": {"base-directory": "$OUT", "files": ["**/*.xml"]}},
        "artifacts": {"files": ["out/a/*"], "secondary-artifacts": {"two": {"files": ["**/1*"]}}},
    }
    done = build(spec)
    assert done.reports == {"tests": ("out/1.xml", "out/a/2.xml")}
    assert done.artifacts == {"artifacts": ("out/a/2.xml",), "two": ("out/1.xml",)}
    assert not done.succeeded


def test_an_artifact_that_is_missing_fails_the_build(build):
    done = build({**phases(build="true"), "artifacts": {"files": ["none"]}})
    assert done.missing == ["artifacts"]
    assert not done.succeeded


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 0.1\nphases: {build: {commands: [a]}}", "0.1 is not 0.2"),
        ("version: 0.2", "phases is required"),
        ("version: 0.2\nphases: {deploy: {}}", "phases does not know deploy"),
        ("version: 0.2\nphases: [a]", "phases is no mapping"),
        ("version: 0.2\nphases: {build: {commands: [{a: b}]}}", "a command is no text"),
        ("version: 0.2\nphases: {build: {on-failure: STOP}}", "'STOP' is not known"),
        ("version: 0.2\nenv: {shell: zsh}\nphases: {build: {}}", "'zsh' is none of"),
        (
            "version: 0.2\nenv: {exported-variables: [AWS_X]}\nphases: {build: {}}",
            "AWS_X cannot be exported",
        ),
        (
            "version: 0.2\nenv: {variables: {CODEBUILD_X: a}}\nphases: {build: {}}",
            "CODEBUILD_ is reserved",
        ),
        ("version: 0.2\nphases: {build: {}}\nartifacts: {name: a}", "files is required"),
        (
            "version: 0.2\nphases: {build: {}}\nreports: {a: {files: [b], file-format: X}}",
            "file-format is not known",
        ),
    ],
)
def test_what_codebuild_would_not_take_is_refused(text, message):
    with pytest.raises(BuildspecError, match=message):
        parse(text)


def test_codebuild_s_variables_cannot_be_given(build):
    with pytest.raises(BuildspecError, match="reserved"):
        build(phases(build="true"), start={"CODEBUILD_SRC_DIR": "/"})


def test_processes_can_be_started_elsewhere(build, tmp_path):
    started = []

    def elsewhere(argv, environ, folder):
        started.append((list(argv[:2]), folder))
        return spawn(argv, environ, folder)

    done = build(
        phases(build="cd /; echo $0", post_build="true"), shell=("bash", "-c"), spawn=elsewhere
    )
    assert done.output == "bash\n"
    assert started == [(["bash", "-c"], str(tmp_path / "source")), (["bash", "-c"], "/")]


def test_a_prefix_is_given_variables_and_folder_as_docker_takes_them(tmp_path):
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    docker.chmod(0o755)
    start = spawn_in(str(docker), "exec", "name")
    assert start(("sh", "-c", "true"), {"A": "b c"}, "/src") == Ended(
        code=0, output="exec|-e|A=b c|-w|/src|name|sh|-c|true|"
    )
