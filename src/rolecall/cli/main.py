"""One error handler at the edge: expected errors are a message, unexpected ones a trace."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rolecall import explanations
from rolecall.cli import arguments
from rolecall.cli.arguments import Arguments
from rolecall.cli.output import drop_the_rest
from rolecall.errors import (
    BUG,
    ConfigError,
    DriftError,
    FileError,
    InterruptedRunError,
    RolecallError,
    StateError,
)
from rolecall.wording import harmless, wrapped

if TYPE_CHECKING:
    from rolecall.cli.context import Context

_BROKEN_PIPE = 141
# One mistake may be made for each of thousands of accounts found.
_MOST_LISTED = 50
_MOST_DIFFERING = 20


def run_command() -> int:
    """The exit code of the command that the process's arguments ask for."""
    try:
        given = arguments.parse(sys.argv[1:])
    except SystemExit as ended:
        if ended.code:
            _forget_report(sys.argv[1:])
        raise
    try:
        from rolecall.cli.context import Context  # noqa: PLC0415  `--help` ends before it

        context = Context(given, environ=dict(os.environ), folder=_folder())
        return _COMMANDS[given.command](given, context)
    except RolecallError as error:
        print(harmless(_told(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return InterruptedRunError(2).exit_code
    except BrokenPipeError:
        drop_the_rest()
        return _BROKEN_PIPE
    except Exception:  # noqa: BLE001  the last line: nothing gets past with another code
        import traceback  # noqa: PLC0415  only a bug needs it

        traceback.print_exc()
        print("rolecall: this is a bug; please report it with the trace above", file=sys.stderr)
        return BUG


def _forget_report(argv: Sequence[str]) -> None:
    """A run that never begins, since a flag is wrong, leaves no report of an earlier one either."""
    if argv[:1] != ["run"]:
        return
    from rolecall.cli import run  # noqa: PLC0415
    from rolecall.settings.load import load  # noqa: PLC0415

    with suppress(RolecallError):
        flags = arguments.places(argv)
        run.forget_earlier(load(environ=dict(os.environ), flags=flags, folder=_folder()))


def _folder() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise FileError(f"the working folder is gone ({error.strerror}): start elsewhere") from None


# Each command's module loads only what that command needs.


def _merge(given: Arguments, context: Context) -> int:
    from rolecall.cli import merge  # noqa: PLC0415

    return merge.command(context, places=given.places, out=given.out, partial=given.partial)


def _run(given: Arguments, context: Context) -> int:
    if given.implied is not None and _typed(context):
        from rolecall.cli import plan  # noqa: PLC0415

        return plan.instead(context, given.implied)
    from rolecall.cli import run  # noqa: PLC0415

    return run.command(context)


def _typed(context: Context) -> bool:
    """Whether a person typed it: there is a terminal at both ends, and no build around it."""
    ends = (sys.stdin, sys.stdout)
    there = all(end is not None and end.isatty() for end in ends)
    in_build = context.environ.get("CI", "").lower() not in ("", "false", "0")
    return there and not (in_build or context.environ.get("CODEBUILD_BUILD_ID"))


def _plan(given: Arguments, context: Context) -> int:
    from rolecall.cli import plan  # noqa: PLC0415

    if given.batch:
        from rolecall.cli import batch  # noqa: PLC0415

        return batch.write(context, given.batch)
    return plan.command(
        context,
        read=given.read,
        check=given.check,
        out=given.out,
        as_json=given.format == "json",
    )


def _assume(given: Arguments, context: Context) -> int:
    from rolecall.cli import assume  # noqa: PLC0415

    return assume.command(context, role_arn=given.role_arn, profile=given.profile)


def _exec(given: Arguments, context: Context) -> int:
    from rolecall.cli import execute  # noqa: PLC0415

    if given.everywhere:
        return execute.everywhere(context, words=given.words, form=given.format)
    return execute.command(context, name=given.target, words=given.words)


def _config(given: Arguments, context: Context) -> int:
    from rolecall.cli import config  # noqa: PLC0415

    return config.command(context, whole=given.whole)


def _init(given: Arguments, context: Context) -> int:
    from rolecall.cli import init  # noqa: PLC0415

    return init.command(context, given.batch, force=given.force, show=given.show)


def _explain(given: Arguments, context: Context) -> int:
    from rolecall.cli import explain  # noqa: PLC0415

    return explain.command(given.topic)


def _completion(given: Arguments, context: Context) -> int:
    from rolecall.cli import completion  # noqa: PLC0415

    return completion.command(context, shell=given.shell)


def _state(given: Arguments, context: Context) -> int:
    from rolecall.cli import state  # noqa: PLC0415

    if given.clear:
        return state.clear(context, force=given.force)
    return state.show(context, as_json=given.format == "json")


def _report(given: Arguments, context: Context) -> int:
    from rolecall.cli import report  # noqa: PLC0415

    assert given.report is not None  # noqa: S101  the command that it comes with
    return report.command(context, given.report)


_COMMANDS: Mapping[str, Callable[[Arguments, Context], int]] = {
    "init": _init,
    "run": _run,
    "plan": _plan,
    "assume": _assume,
    "exec": _exec,
    "config": _config,
    "report": _report,
    "state": _state,
    "merge": _merge,
    "explain": _explain,
    "completion": _completion,
}


def _told(error: RolecallError) -> str:
    """What went wrong, what to do about it, and where more of it stands."""
    return "\n".join(filter(None, [_message(error), explanations.hint(_topic(error))]))


def _topic(error: RolecallError) -> str:
    if isinstance(error, DriftError):
        return explanations.PLAN
    topic = explanations.topic_of(str(error))
    # The page on roles has no remedy for a bucket that denies.
    if isinstance(error, StateError) and topic in ("", "access-denied"):
        return explanations.STATE
    return topic or (explanations.CONFIGURATION if isinstance(error, ConfigError) else "")


def _message(error: RolecallError) -> str:
    if isinstance(error, ConfigError):
        return _listed(error)
    if isinstance(error, DriftError):
        return _differing(error)
    reason, _, remedy = str(error).partition("\n")
    said = wrapped(f"rolecall: {reason}", 80, "", "  ")
    return f"{said}\n" + wrapped(f"What to do: {remedy}", 80, "  ") if remedy else said


def _listed(error: ConfigError) -> str:
    count = len(error.problems)
    noun = "mistake" if count == 1 else "mistakes"
    lines = [f"rolecall: {count} {noun} in the configuration; nothing was done"]
    told = [wrapped(str(p), 80, "  ", "    ") for p in error.problems[:_MOST_LISTED]]
    more = [f"  … and {count - _MOST_LISTED:,} more"] if count > _MOST_LISTED else []
    return "\n".join([*lines, *told, *more])


def _differing(error: DriftError) -> str:
    """What a run would do otherwise than was approved, as many lines as one reads."""
    said = (wrapped(line, 80, "  ", "    ") for line in error.lines[:_MOST_DIFFERING])
    lines = [f"rolecall: {error}; nothing was done", *said]
    if (more := len(error.lines) - _MOST_DIFFERING) > 0:
        lines.append(f"  and {more:,} more")
    remedy = "What to do: take the change back, or plan again and have that approved"
    return "\n".join([*lines, wrapped(remedy, 80, "  ")])
