"""docs/logs.md against the logs of real runs: events as described, queries with their answers.

See support.insights for what stands in for CloudWatch's own engine.
"""

from __future__ import annotations

import json

import pytest

from support import answers, insights, logs_page
from support.command import TARGETS, Command
from support.sts import ScriptedSts
from support.webhook import Webhook

JSON = {"ROLECALL_LOG_FORMAT": "json", "ROLECALL_LOG_LEVEL": "debug"}
# Until the second renewal: that the first was told is sure by then.
RENEWED_TWICE = """
session=$(dirname "$AWS_CONFIG_FILE")/session.json
for _ in 1 2; do
  had=$(cat "$session")
  while [ "$had" = "$(cat "$session")" ]; do sleep 0.1; done
done
"""
# Told only of silent minutes, of signals, of an organisation, of a state that several want, of a
# full disk, of renewals that never succeed and of copies: tests/unit/test_logs_page, test_signals,
# test_discovery, test_state, test_target_logs, test_troubleshooting, test_workspaces, test_run,
# test_first_process.
ELSEWHERE = {"still_running", "interrupted", "organization_read", "organization_reading"}
ELSEWHERE |= {
    "session_ended",
    "state_held",
    "state_not_written",
    "log_not_written",
    "preflight_goes_on",
    "workspace_copying",
    "workspace_left",
    "artifacts_not_made",
    "endpoint_not_opened",
    "keys_readable",
}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The events of runs that fail, are denied, outlive a session, are cut, or are retried."""
    found = []

    def run(script, sts, **extra):
        command = Command(folder=tmp_path_factory.mktemp("run"), url=sts.url)
        done = command.run(script, **JSON, **extra)
        found.extend(json.loads(line) for line in done.out.splitlines())

    with ScriptedSts() as sts:
        sts.script("222222222222", answers.SERVER_ERROR, answers.SERVER_ERROR)
        sts.script("333333333333", answers.THROTTLE)
        once = {"ROLECALL_BEFORE": "echo before", "ROLECALL_WAVES": "1,rest"}
        commands = ["echo at $ROLECALL_TARGET", "test $ROLECALL_TARGET != tst", "sleep 0.3"]
        run(json.dumps(commands), sts, **once)
        own = {"ROLECALL_PROFILE_MODE": "static", "ROLECALL_TIMEOUT": "2h", "AWS_FOO": "x"}
        run("true", sts, **own)
    with ScriptedSts() as sts, Webhook() as hook:
        sts.always("444444444444", answers.access_denied())
        hook.statuses = [200, 404]
        run("true", sts, ROLECALL_NOTIFY=f"{hook.address} {hook.address}/2")
    with ScriptedSts(lifetime=3) as sts:
        denied = answers.access_denied("arn:aws:iam::222222222222:role/deploy")
        sts.script("222222222222", answers.OK, denied)
        run(RENEWED_TWICE, sts, ROLECALL_TARGETS=TARGETS.split()[0])
    with ScriptedSts(caller="arn:aws:sts::111111111111:assumed-role/hub/build") as sts:
        run("true", sts, ROLECALL_TARGETS=TARGETS.split()[0], ROLECALL_DURATION="2h")
        remembered = {"ROLECALL_STATE": str(tmp_path_factory.mktemp("state"))}
        for _ in range(2):
            run("true", sts, ROLECALL_TARGETS=TARGETS.split()[2], ROLECALL_RUN_ID="1", **remembered)
    return found


def test_every_line_of_a_log_is_an_event_as_the_page_describes_it(log):
    problems = {problem for event in log for problem in logs_page.mistakes(event)}
    assert sorted(problems) == []


def test_every_event_of_the_page_was_seen_in_a_log(log):
    unseen = logs_page.events().keys() - {event["event"] for event in log}
    assert unseen <= ELSEWHERE


def ask(title, log, *fields):
    rows = insights.run(logs_page.queries()[title], log)
    return [tuple(row[field] for field in fields) for row in rows]


def test_the_query_for_failed_targets_finds_those_that_failed_and_those_not_assumed(log):
    found = ask("Which targets failed", log, "target", "status")
    assert found == [("tst", "failed"), ("prd", "not assumed")]


def test_the_queries_for_failed_commands_say_which_and_why(log):
    command = "test $ROLECALL_TARGET != tst"
    found = ask("Which commands failed, and why", log, "target", "command", "reason")
    assert found == [("tst", command, "exit code 1")]
    found = ask("The same, over many runs", log, "failures", "command")
    assert found == [(1, command)]


def test_the_query_for_slow_targets_has_the_slowest_first(log):
    found = ask("The slowest targets", log, "seconds")
    assert found[0][0] >= 1.5
    assert found == sorted(found, reverse=True)


def test_the_query_for_retries_counts_them_by_account_and_code(log):
    found = ask("Retries and throttling, by account", log, "account_id", "error", "retries")
    busy, throttled = ("222222222222", "InternalFailure", 2), ("333333333333", "Throttling", 1)
    assert found == [busy, throttled]


def test_the_query_for_what_was_not_run_has_each_target_with_its_reason(log):
    found = ask("Who was not run", log, "target", "reason")
    assert [target for target, _ in found] == ["dev", "prd", "tst"]
    assert dict(found)["prd"] == "an earlier target failed"


def test_the_query_for_output_has_one_target_s_lines_in_order(log):
    assert ask("What one target printed", log, "line") == [("at dev",)]


def test_the_query_for_renewals_tells_those_that_worked_from_those_that_failed(log):
    found = dict(ask("Renewals", log, "event", "times"))
    assert found.keys() == {"session_renewed", "renewal_failed"}


def test_the_query_for_runs_has_the_latest_first(log):
    found = ask("Runs, with how they ended", log, "exit_code", "counts.succeeded", "counts.failed")
    succeeded = (0, 1, None)
    first = [(4, None, None), (0, 3, None), (1, 1, 1)]
    assert found == [(0, None, None), *[succeeded] * 3, *first]
