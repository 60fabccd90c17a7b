"""`junit.xml`: the cases as CodeBuild's report groups and other readers of JUnit's form take them.

The form is that of pytest and Surefire: junit-10.xsd of Jenkins' xUnit plugin. It has properties
for a suite and none for a case, and files that have some are refused whole: a case tells them in
its output, one a line, as in https://github.com/testmoapp/junitxml, "Properties in test output".
The limits are from the AWS CodeBuild User Guide, "Quotas for AWS CodeBuild".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import rolecall
from rolecall import wording
from rolecall.files import write_atomically
from rolecall.report.cases import Case, cases
from rolecall.report.record import READABLE, moment
from rolecall.report.texts import Texts
from rolecall.results import Origin, Outcome, Status
from rolecall.secret import Mask

if TYPE_CHECKING:
    from junitparser import TestCase, TestSuite
    from junitparser.xunit2 import JUnitXml

FILE_NAME = "junit.xml"
_LONGEST_NAME = 1_000
_LONGEST_MESSAGE = 5_000
_LONGEST_REASON = 1_000


def write(folder: Path, outcome: Outcome, *, commands: Sequence[str], mask: Mask) -> None:
    """Writes `junit.xml`, masked, in one step.

    Args:
        commands: what was to run in each target.

    Raises:
        FileError: where it can't be written.
    """
    data = rendered(outcome, commands, mask)
    write_atomically(folder / FILE_NAME, data, mode=READABLE, durable=False)


def rendered(outcome: Outcome, commands: Sequence[str], mask: Mask) -> bytes:
    """The file's content, masked."""
    buffer = BytesIO()
    _document(outcome, cases(outcome, commands), Texts(mask)).write(buffer)
    return buffer.getvalue()


def _document(outcome: Outcome, shown: Iterable[Case], texts: Texts) -> JUnitXml:
    from junitparser.xunit2 import JUnitXml  # noqa: PLC0415  10 ms that only a report need spend

    document = JUnitXml("rolecall")
    for wave, members in _suites(outcome, shown):
        document.add_testsuite(_suite(outcome, wave, members, texts))
    document.update_statistics()
    return document


def _suites(outcome: Outcome, shown: Iterable[Case]) -> list[tuple[int, list[Case]]]:
    """Cases by wave, where there are several; first, as wave 0, those that are of none."""
    several = len({result.wave for result in outcome.results}) > 1
    found: dict[int, list[Case]] = {}
    for case in shown:
        found.setdefault(case.wave if several else 0, []).append(case)
    return sorted(found.items()) or [(0, [])]


def _suite(outcome: Outcome, wave: int, members: Sequence[Case], texts: Texts) -> TestSuite:
    from junitparser import TestSuite  # noqa: PLC0415  as above

    begun = (r.started_at for r in outcome.results if r.wave == wave and r.started_at)
    suite = TestSuite(f"rolecall wave {wave}" if wave else "rolecall")
    suite.timestamp = moment(min(begun, default=outcome.started_at) if wave else outcome.started_at)
    _add_properties(suite, outcome, members, texts)
    suite.add_testcases([_element(case, texts) for case in members])
    return suite


def _add_properties(
    suite: TestSuite, outcome: Outcome, members: Iterable[Case], texts: Texts
) -> None:
    """What holds for the run, and the account and role of each target and region."""
    known = {
        "rolecall": rolecall.__version__,
        **dict(_origin(outcome, texts)),
        "exit_code": str(outcome.exit_code),
        "seconds": str(round(outcome.seconds, 3)),
        **{str(status).replace(" ", "_"): str(outcome.count(status)) for status in Status},
    }
    for case in members:
        if case.role_arn:
            known[f"account of {case.place}"] = case.account_id
            known[f"role of {case.place}"] = case.role_arn
    if outcome.signal_number is not None:
        known["signal"] = str(outcome.signal_number)
    for name, value in known.items():
        suite.add_property(texts.clean(name), texts.clean(value))


def _origin(outcome: Outcome, texts: Texts) -> Iterator[tuple[str, str]]:
    """What the run is of, under the names that report.json has for it."""
    for field in fields(Origin):
        known = (getattr(origin, field.name) for origin in outcome.origins)
        if field.name != "shard" and (values := list(filter(None, dict.fromkeys(known)))):
            yield field.name, texts.start(wording.some(values), _LONGEST_REASON)


def _element(case: Case, texts: Texts) -> TestCase:
    from junitparser import Error, Failure, Skipped, TestCase  # noqa: PLC0415

    name = texts.start(case.name, _LONGEST_NAME)
    element = TestCase(name, texts.start(case.place, _LONGEST_NAME), round(case.seconds, 3))
    kinds = {Status.FAILED: Failure, Status.NOT_ASSUMED: Error, Status.NOT_RUN: Skipped}
    output = "\n".join(_output(case, texts))
    if case.status in kinds:
        reason = texts.start(case.reason, _LONGEST_REASON)
        result = kinds[case.status](reason, str(case.status))
        result.text = texts.end(case.details, _LONGEST_MESSAGE - len(reason) - len(output))
        element.result = result
    if output:
        element.system_out = output
    return element


def _output(case: Case, texts: Texts) -> Iterator[str]:
    """What a case says of itself: when it succeeded, if before, and where it was done."""
    if case.status is Status.SUCCEEDED_BEFORE:
        yield texts.start(f"{case.status} {case.reason}", _LONGEST_REASON)
    known = {"account": case.account_id, "role": case.role_arn, "region": case.region}
    for name, value in known.items():
        if value:
            yield f"[[PROPERTY|{name}={texts.start(value, _LONGEST_REASON)}]]"
