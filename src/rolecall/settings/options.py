"""Every option, declared once: name, kind, default and help.

The variable, the key in `rolecall.yml`, the flag, `rolecall config`, the page of options and the
JSON schema all come from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from rolecall.aws_variables import RESERVED
from rolecall.settings.amounts import Amount, AmountKind, Shard, ShardKind, WavesKind
from rolecall.settings.destinations import Destination, DestinationsKind
from rolecall.settings.documents import Commands, CommandsKind, Policy, TargetsKind
from rolecall.settings.groups import ListOf, Pairs, PairsByName
from rolecall.settings.kinds import Choice, Flag, Kind, Seconds, Text, Whole
from rolecall.settings.organization import OrganizationKind
from rolecall.settings.sources import PREFIX, Raw
from rolecall.settings.state import StateKind

ROLE_ARN = r"arn:aws[a-z-]*:iam::\d{12}:role/(?:[\x21-\x2e\x30-\x7e]+/)*[\w+=,.@-]{1,64}"
POLICY_ARN = (
    r"arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy/(?:[\x21-\x2e\x30-\x7e]+/)*[\w+=,.@-]{1,128}"
)
WAVE = Whole(1, 1000)
REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d"
VARIABLES = Pairs(
    Text(
        rf"(?!ROLECALL_|(?:{RESERVED})$)[A-Za-z_][A-Za-z0-9_]*",
        "a variable's name of letters, digits and _ that rolecall does not set itself and that"
        " leads to no credentials",
    ),
    Text(),
    most=1000,
)
# Letters and digits of any script, any space, and a few signs; `aws:` is AWS's own.
# Source: tagKeyType of STS's API, [\p{L}\p{Z}\p{N}_.:/=+\-@]+, and
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
_TAG = r"(?!(?i:aws:))[\w.:/=+@ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000-]"
_OF_A_TAG = "letters, digits, spaces and _.:/=+-@ that do not begin with aws:"
_TAG_KEY = Text(_TAG + "{1,128}", f"a tag key of 1 to 128 {_OF_A_TAG}", ascii=False)
_TAG_VALUE = Text(rf"(?:{_TAG}{{1,256}})?", f"a tag value of up to 256 {_OF_A_TAG}", ascii=False)
# What options are about, in the order in which somebody new comes to need them.
TARGETS, COMMANDS, ROLLOUT = "targets", "commands", "rollout"
REPORTS, AGAIN, SESSIONS = "reports", "retries, plans and shards", "sessions and calls to AWS"
GROUPS = (TARGETS, COMMANDS, ROLLOUT, REPORTS, AGAIN, SESSIONS)
_DEFAULT_SESSION = "rolecall-{build}-{execution}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """What is known of an option beside its value.

    Attributes:
        group: one of GROUPS.
        brief: the same as `help` in a line, which makes it one of those that `--help` shows: what a
            first pipeline needs. Empty for the rest, which `--help-all` shows.
        per_target: a target in the file or in JSON may have a value of its own.
        run_only: of use to `run` and `plan` only; the other commands take it and don't show it.
        narrows: given and empty, wherever it is written, it leaves no target.
        guards: what would come of it, given and empty: that is a mistake. Where neither is said,
            an empty variable or key counts as not given. An empty flag never does.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    group: str
    brief: str
    per_target: bool
    run_only: bool
    narrows: bool
    guards: str

    @property
    def variable(self) -> str:
        return PREFIX + self.name

    @property
    def flag(self) -> str:
        return "--" + self.name.lower().replace("_", "-")

    @property
    def key(self) -> str:
        return self.name.lower()


def option(
    kind: Kind,
    *,
    default: Any,
    help: str,  # noqa: A002  as argparse calls it
    group: str,
    brief: str = "",
    per_target: bool = False,
    run_only: bool = False,
    narrows: bool = False,
    guards: str = "",
) -> Any:
    """A field of Settings that users can set."""
    declared = {
        "kind": kind,
        "help": help,
        "group": group,
        "brief": brief,
        "per_target": per_target,
        "run_only": run_only,
        "narrows": narrows,
        "guards": guards,
    }
    return field(default=default, metadata=declared)


def _own_fields() -> dict[str, Any]:
    own: dict[str, Any] = {
        "variables": {"type": "object", "additionalProperties": {"type": "string"}},
        "wave": WAVE.schema(),
    }
    return own | {o.key: o.kind.schema() for o in options() if o.per_target}


def _target_fields() -> dict[str, Any]:
    return {
        "name": {"type": "string"},
        "role_arn": {"type": "string"},
        "account": {"type": ["string", "integer"]},
        **_own_fields(),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a run was told, parsed. Times are in seconds; 0 means no limit."""

    targets: Raw | None = option(
        TargetsKind(_target_fields),
        default=None,
        help="Where to deploy, in order: `[name=]role-arn` entries, account ids with ROLE, words"
        " that refer to TARGET_<WORD>, a JSON list, or `ssm:/path`, `s3://bucket/key`, `file:path`"
        " to read the list from",
        group=TARGETS,
        brief="Where to deploy, in order: role ARNs, `name=ARN`, or account ids with --role",
    )
    organization: Raw | None = option(
        OrganizationKind(_own_fields),
        default=None,
        help="Accounts of AWS Organizations as targets, after those of TARGETS: a mapping (JSON in"
        " the variable) of `units`, `tags`, `exclude`, `role_name`, `role`, `name`, `order`,"
        " `wave_tag`; see docs/discovery.md",
        group=TARGETS,
    )
    role: str = option(
        Text(),
        default="",
        help="The role of targets given by account id: a name or an ARN, with {account}, {name},"
        " {partition}",
        group=TARGETS,
        brief="The role of targets given by account id",
    )
    commands: Commands = option(
        CommandsKind(),
        default=Commands(),
        help="What to run in each target: one shell script, or a JSON or YAML list of commands"
        " that share one shell",
        run_only=True,
        group=COMMANDS,
        brief="What to run in each target, with its credentials",
    )
    before: Commands = option(
        CommandsKind(),
        default=Commands(),
        help="Commands once before the first target, with the source account's credentials",
        run_only=True,
        group=COMMANDS,
        brief="Once before the first target: build here",
    )
    after: Commands = option(
        CommandsKind(),
        default=Commands(),
        help="Commands once after the last target, with the source account's credentials",
        run_only=True,
        group=COMMANDS,
        brief="Once after the last target",
    )
    regions: tuple[str, ...] = option(
        ListOf(Text(REGION, "a region such as eu-central-1")),
        default=(),
        help="Regions each target is deployed to, in turn; by default AWS_REGION, or the region of"
        " the source's profile",
        per_target=True,
        group=TARGETS,
        brief="Regions each target is deployed to, in turn",
    )
    region_variables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = option(
        PairsByName(Text(REGION, "a region such as eu-central-1"), VARIABLES),
        default=(),
        help="Variables that commands see in a region only: a JSON object of objects; they go"
        " before a target's `variables`",
        per_target=True,
        group=COMMANDS,
    )
    allowed_accounts: tuple[str, ...] = option(
        ListOf(Text(r"\d{12}", "an account id of 12 digits")),
        default=(),
        help="Deploy to no other account, whatever the ARNs say",
        guards="would allow every account",
        group=TARGETS,
        brief="Deploy to no other account",
    )
    session_name: str = option(
        Text(),
        default=_DEFAULT_SESSION,
        help="Name of the sessions in CloudTrail, with {build}, {execution}, {target}, {account}",
        per_target=True,
        group=SESSIONS,
    )
    execution_id: str = option(
        Text(r"[\w+=,.@-]{1,64}", "the execution's id, of 1 to 64 letters, digits and _+=,.@-"),
        default="",
        help="The pipeline execution's id, for the session name and STATE: give the action"
        " this variable with the value `#{codepipeline.PipelineExecutionId}`",
        group=AGAIN,
        brief="Tells one run of a pipeline from another",
    )
    state: str = option(
        StateKind(),
        default="",
        help="Where to remember which targets succeeded, so that a retry of the same run skips"
        " them: a folder, or `s3://bucket/prefix`; see docs/state.md",
        run_only=True,
        group=AGAIN,
        brief="Remembers what succeeded, for a stage tried again",
    )
    run_id: str = option(
        Text(r"(?!\.+$)[\w+=,.@-]{1,128}", "1 to 128 of letters, digits and _+=,.@-"),
        default="",
        help="The run that STATE is of; by default that of this action in the pipeline execution"
        " that EXECUTION_ID names",
        run_only=True,
        group=AGAIN,
    )
    state_wait: float = option(
        Seconds(0, 86_400),
        default=300,
        help="How long to wait where another process holds the STATE of this run; 0 refuses at"
        " once",
        run_only=True,
        group=AGAIN,
    )
    state_lease: float = option(
        Seconds(1, 3600),
        default=60,
        help="How long after its last sign of life a run still holds its STATE in S3",
        run_only=True,
        group=AGAIN,
    )
    external_id: str = option(
        Text(r"[\w+=,.@:/-]{2,1224}", "2 to 1,224 of letters, digits and +=,.@:/-"),
        default="",
        help="The external id the roles' trust policies ask for",
        per_target=True,
        group=SESSIONS,
        brief="What the roles' trust policies ask for",
    )
    duration: float = option(
        Seconds(900, 43_200),
        default=3600,
        help="How long a session lives; one hour at most where the caller is an assumed role",
        per_target=True,
        group=SESSIONS,
    )
    session_policy: str = option(
        Policy(),
        default="",
        help="A policy that narrows the sessions",
        per_target=True,
        guards="would narrow no session",
        group=SESSIONS,
    )
    policy_arns: tuple[str, ...] = option(
        ListOf(
            Text(POLICY_ARN, "the ARN of a managed policy"),
            10,
            "policies",
        ),
        default=(),
        help="Managed policies that narrow the sessions",
        per_target=True,
        guards="would narrow no session",
        group=SESSIONS,
    )
    tags: tuple[tuple[str, str], ...] = option(
        Pairs(_TAG_KEY, _TAG_VALUE, folded=True),
        default=(),
        help="Session tags, `key=value` apart by commas",
        per_target=True,
        group=SESSIONS,
    )
    transitive_tags: tuple[str, ...] = option(
        ListOf(_TAG_KEY, 50, "tags"),
        default=(),
        help="Keys of the session tags that go along when the session assumes another role",
        per_target=True,
        group=SESSIONS,
    )
    source_identity: str = option(
        Text(r"[\w+=,.@-]{2,64}", "2 to 64 of letters, digits and _+=,.@-"),
        default="",
        help="Who stands behind the sessions, in CloudTrail of every account",
        per_target=True,
        group=SESSIONS,
    )
    via: tuple[str, ...] = option(
        ListOf(Text(ROLE_ARN, "the ARN of a role"), 5, "roles"),
        default=(),
        help="ARNs of roles to hop through before the target's, in order",
        per_target=True,
        group=SESSIONS,
    )
    max_parallel: Amount = option(
        AmountKind(least=1),
        default=Amount(1),
        help="How many targets are deployed to at once: a count, or a share of the wave",
        run_only=True,
        group=ROLLOUT,
        brief="How many targets at once",
    )
    waves: tuple[Amount, ...] = option(
        WavesKind(),
        default=(),
        help="Sizes of the waves that targets are deployed in, such as `1, 10%, rest`, where no"
        " target has a `wave` of its own; what they leave is a wave more. A wave begins when the"
        " one before it is done",
        run_only=True,
        guards="would deploy to all targets in one wave",
        group=ROLLOUT,
        brief="Targets in waves of such sizes: `1, 10%, rest`",
    )
    on_failure: str = option(
        Choice(("stop", "continue", "abort")),
        default="stop",
        help="What follows once more than MAX_FAILURES failed: `stop` begins no more targets,"
        " `abort` also ends those that run; `continue` goes on whatever fails",
        run_only=True,
        group=ROLLOUT,
        brief="What a failure does to the rest",
    )
    max_failures: Amount | None = option(
        AmountKind(),
        default=None,
        help="How many targets may fail before ON_FAILURE's `stop` or `abort` holds: a count, or a"
        " share, rounded down; 0 if not set. Not beside ON_FAILURE=continue, which has no limit",
        run_only=True,
        group=ROLLOUT,
        brief="How many may fail before that: 3, or 5%",
    )
    failures_per: str = option(
        Choice(("run", "wave")),
        default="run",
        help="What MAX_FAILURES is counted in, and is a share of: the whole run, or each wave",
        run_only=True,
        group=ROLLOUT,
    )
    concurrency_mode: str = option(
        Choice(("soft", "strict")),
        default="soft",
        help="`strict` runs no more at once than may still fail, plus one, so that never more than"
        " MAX_FAILURES + 1 fail; `soft` keeps MAX_PARALLEL",
        run_only=True,
        guards="would let more than MAX_FAILURES + 1 fail",
        group=ROLLOUT,
    )
    region_concurrency: str = option(
        Choice(("sequential", "parallel")),
        default="sequential",
        help="The regions of a target: in turn, or each on its own, as if it were a target",
        run_only=True,
        group=ROLLOUT,
    )
    workspace: str | None = option(
        Choice(("copy", "shared")),
        default=None,
        help="Where commands run: `copy`, a working copy of the folder for each target and region"
        " (default where several run at once), or `shared`, the folder itself (default in"
        " sequence)",
        run_only=True,
        group=COMMANDS,
    )
    only: tuple[str, ...] = option(
        ListOf(
            Text(
                r"(?!.*\*\*\*)[\w.@+*?\[\]!:-]{1,128}(?:/[a-z0-9-]+)?",
                "a name, a pattern of names, an account id or wave:2, or one of them and /region",
            ),
        ),
        default=(),
        help="Only these of the targets: names, patterns such as `prd-*`, account ids, `wave:2`;"
        " with `/eu-west-1` behind it, in that region alone. Given and empty it leaves none",
        narrows=True,
        group=TARGETS,
        brief="Only these: names, `prd-*`, account ids",
    )
    shard: Shard = option(
        ShardKind(),
        default=Shard(),
        help="This process's part of the targets, such as `2/4`, where several share them: every"
        " fourth of each wave, from the second; behind an `@`, of which list, as `plan --batch`"
        " writes it",
        run_only=True,
        narrows=True,
        group=AGAIN,
    )
    plan: str = option(
        Text(),
        default="",
        help="The file of an approved plan, as `plan --out` writes it: `run` does exactly that, or"
        " stops with the differences before anything is done",
        run_only=True,
        guards="would do what nobody has approved",
        group=AGAIN,
    )
    preflight: bool = option(
        Flag(),
        default=True,
        help="Assume every role and verify its account before the first command runs anywhere",
        run_only=True,
        group=ROLLOUT,
    )
    retry_attempts: int = option(
        Whole(1, 100),
        default=6,
        help="How often one call to AWS is tried when it does not get through; being throttled"
        " does not count",
        group=SESSIONS,
    )
    retry_max_wait: float = option(
        Seconds(0, 3600),
        default=300,
        help="How long one call to AWS is retried in all",
        group=SESSIONS,
    )
    retry_access_denied: float = option(
        Seconds(0, 600),
        default=0,
        help="How long a role that denies access is asked again; `30s` suits roles made moments"
        " ago",
        group=SESSIONS,
    )
    timeout: float = option(
        Seconds(),
        default=0,
        help="The most one target's commands may take; 0 is no limit",
        group=COMMANDS,
    )
    command_timeout: float = option(
        Seconds(),
        default=0,
        help="The most each command may take; 0 is no limit",
        group=COMMANDS,
        brief="Limit of each command; 0 is none",
    )
    grace: float = option(
        Seconds(0, 3600),
        default=10,
        help="Time between asking commands to end and killing them",
        group=COMMANDS,
    )
    shell: str = option(
        Text(),
        default="bash -eo pipefail",
        help="What runs the commands; the script's path is added to it",
        group=COMMANDS,
    )
    profile_mode: str | None = option(
        Choice(("refreshing", "static", "endpoint", "environment")),
        default=None,
        help="How commands get credentials: `refreshing` (default of run and exec) renews them"
        " while commands run, by a profile and beside it an endpoint; `endpoint` by that alone;"
        " `static` (default of assume) keeps keys in the profile, `environment` in variables, for"
        " tools that know nothing else: they end with one session, at most an hour as a rule",
        group=SESSIONS,
    )
    mask: tuple[str, ...] = option(
        ListOf(
            Text(
                r"[A-Za-z0-9_*?\[\]!-]{1,256}",
                "a variable's name, or a pattern such as `*_PASSWORD`",
            )
        ),
        default=(),
        help="Names or patterns of variables whose values are hidden wherever something shows them;"
        " of a JSON object each text. In CodeBuild, name those of SECRETS_MANAGER and"
        " PARAMETER_STORE",
        guards="would hide no variable",
        group=REPORTS,
        brief="Variables whose values are hidden in the log",
    )
    report_dir: str = option(
        Text(),
        default="rolecall-report",
        help="The folder that the reports are written to",
        run_only=True,
        group=REPORTS,
        brief="Where the reports go",
    )
    notify: tuple[Destination, ...] = option(
        DestinationsKind(),
        default=(),
        help="Who is told of the outcome: https:// addresses of webhooks, ARNs of SNS topics and"
        " EventBridge buses; see docs/notifications.md",
        run_only=True,
        group=REPORTS,
    )
    notify_on: str = option(
        Choice(("always", "failure")),
        default="always",
        help="Whether NOTIFY hears of every outcome, or only where the exit code is not 0",
        run_only=True,
        group=REPORTS,
    )
    log_format: str = option(
        Choice(("auto", "console", "json")),
        default="auto",
        help="For people, or one JSON event a line; `auto` is console, on a terminal with a live"
        " view where targets run at once",
        group=REPORTS,
    )
    log_level: str = option(
        Choice(("debug", "info", "warning", "error")),
        default="info",
        help="The least grave of rolecall's own remarks (retries, renewals) that are shown; what"
        " the run does is always told",
        group=REPORTS,
    )


def options() -> Iterator[Option]:
    """Every option, in the order of its declaration."""
    for item in fields(Settings):
        yield Option(name=item.name.upper(), default=item.default, **item.metadata)
