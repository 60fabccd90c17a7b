"""summary.md: what stands in it, and that nothing of a command's output acts in a comment."""

from __future__ import annotations

import re
from dataclasses import replace

from rolecall.report import summary
from rolecall.results import CommandResult, Given, Outcome, Plan, Status
from rolecall.secret import Mask, Secret
from support.outcomes import STARTED, Scale, outcome

FEW = Scale(targets=12, failed=4, not_assumed=5, not_run=6)


def rendered(run, mask=None):
    return summary.rendered(run, mask or Mask())


def test_counts_come_first_then_what_failed_and_what_was_not_run():
    text = rendered(outcome(FEW))
    assert text.startswith("## rolecall: 3 failed, 2 not assumed, 1 not run, 6 succeeded\n\n")
    assert "12 targets in 44 s, exit code 1; started 2026-11-24 06:00 UTC" in text
    assert re.findall(r"^### (.*)$", text, re.MULTILINE) == [
        "Failed",
        "Could not be assumed",
        "Not run",
    ]
    assert (
        "| `team-0003` | `100000000004` | `eu-central-1` |"
        " `npx cdk deploy --require-approval never` | `exit code 1` | 19 s |"
    ) in text
    assert "To run them again: `rolecall run --only team-0003,team-0007,team-0011`" in text
    assert "To try them again: `rolecall plan --check --only team-0004,team-0009`" in text
    assert "- 1, `an earlier target failed`: `team-0005`" in text
    left = "rolecall run --only team-0003,team-0004,team-0005,team-0007,team-0009,team-0011"
    assert f"To run all that is left: `{left}`" in text


def test_what_could_not_be_assumed_is_left_to_run_too_with_all_that_mends_it():
    remedy = "write " + "a statement of the trust policy " * 20
    denied = [replace(r, remedy=remedy) for r in outcome(FEW).results if r.remedy]
    text = rendered(replace(outcome(FEW), results=tuple(denied)))
    assert "To run all that is left: `rolecall run --only team-0004,team-0009`\n" in text
    assert f"  What to do: `{remedy.strip()}`\n" in text


def test_where_a_state_has_what_succeeded_the_same_run_is_what_does_the_rest():
    given = Given(name="state", value="s3://bucket/prefix", origin="ROLECALL_STATE")
    text = rendered(replace(outcome(FEW), plan=Plan(options=(given,))))
    assert "To run them again: `rolecall run`\n" in text
    assert "To run all that is left: `rolecall run`\n" in text
    assert "To try them again: `rolecall plan --check --only team-0004,team-0009`" in text


def test_a_run_that_went_well_is_two_lines():
    assert rendered(outcome(Scale(targets=2))) == (
        "## rolecall: 2 succeeded\n\n2 targets in 24 s, exit code 0; started 2026-11-24 06:00 UTC\n"
    )
    assert rendered(Outcome(results=())).startswith("## rolecall: nothing was run\n")


def test_an_interruption_and_a_bug_are_told():
    text = rendered(Outcome(results=(), signal_number=15, bug="Traceback\n```\nKeyError"))
    assert "exit code 70, interrupted by SIGTERM" in text
    assert "````text\nTraceback\n```\nKeyError\n````" in text


def test_nothing_hostile_leaves_its_code_span_or_block():
    bad = "a`b``c|d\n\n# e @everyone <b>"
    command = CommandResult(command=bad, status=Status.FAILED, reason=bad, tail=("````", bad))
    failed = replace(outcome(Scale(targets=1, failed=1)).results[0], commands=(command,))
    text = rendered(Outcome(results=(replace(failed, target=bad),), started_at=STARTED))
    row = next(line for line in text.splitlines() if "eu-central-1" in line)
    assert row.count("``` a`b``c\\|d # e @everyone <b> ```") == 2
    assert len(re.findall(r"(?<!\\)\|", row)) == 7
    assert "`````text\n````\na`b``c|d\n\n# e @everyone <b>\n`````" in text
    assert "<summary>The last lines of <code>a`b``c|d # e @everyone &lt;b&gt;</code>" in text


def test_many_failures_fit_a_comment():
    text = rendered(outcome(Scale(targets=3000, failed=2, not_assumed=3)))
    assert len(text) <= 60_100
    assert "and 1,450 more" in text
    longest = tuple("x" * 400 for _ in range(20))
    several = outcome(Scale(targets=60, failed=1), tail=longest)
    odd = tuple(
        replace(r, commands=(replace(r.commands[1], reason=f"exit code {n} {'y' * 290}"),))
        for n, r in enumerate(several.results)
    )
    denied = tuple(
        replace(
            r,
            status=Status.NOT_ASSUMED,
            commands=(),
            reason=f"{n} no {'z' * 290}",
            remedy="m" * 290,
        )
        for n, r in enumerate(several.results)
    )
    text = rendered(replace(several, results=odd + denied))
    assert len(text) <= 60_100
    assert text.endswith("\n\nThe rest is in report.html.\n")


def test_secrets_are_masked(tmp_path):
    run = outcome(FEW, tail=("password hunter2",))
    summary.write(tmp_path, replace(run, bug="hunter2"), Mask([Secret("hunter2")]))
    text = (tmp_path / "summary.md").read_text()
    assert "password ***" in text
    assert "hunter2" not in text


def test_what_an_error_means_has_its_topic_to_read_on():
    run = outcome(Scale(targets=1, not_assumed=1))
    denied = replace(run.results[0], reason="AccessDenied: User is not authorized")
    text = rendered(replace(run, results=(denied,)))
    assert "  More: `rolecall explain access-denied`\n" in text
