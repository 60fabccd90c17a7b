"""Files that others may have written: read, or refused with one message, and never a trace."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_approval import planned

from rolecall.approval import record as plan
from rolecall.approval.difference import differences
from rolecall.aws_files import AwsFiles
from rolecall.cli.report import _rendered
from rolecall.errors import FileError
from rolecall.profiles.shared import store
from rolecall.report import comparison, record
from rolecall.report.reader import read
from rolecall.secret import Mask
from rolecall.settings import yamlfile
from support.attempts import tried
from support.outcomes import Scale, outcome
from support.writer import session

FORMS = ("text", "md", "html", "junit", "json")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
REPORT = json.loads(b"".join(record.rendered(outcome(Scale(targets=6, failed=2)), Mask())))
PLAN = planned()


def places(document, path=()):
    """The path of every part of a document."""
    yield path
    if isinstance(document, dict):
        parts = document.items()
    else:
        parts = enumerate(document) if isinstance(document, list) else ()
    for key, value in parts:
        yield from places(value, (*path, key))


@st.composite
def changed(draw, document):
    """The document with a few parts taken out, or something else put in their place."""
    document = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(places(document), key=str)))
        if not path:
            return draw(JSON)
        within = document
        for key in path[:-1]:
            within = within[key]
        if draw(st.booleans()):
            within[path[-1]] = draw(JSON)
        else:
            del within[path[-1]]
    return document


def read_back(reader, document):
    """What a reader makes of a document; None where it refuses it, in one line."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document.json"
        path.write_bytes(data)
        found, error = tried(lambda: reader(path), FileError)
    if error:
        assert error.exit_code == 2
        assert "\n" not in str(error)
        assert str(path) in str(error)
    return found


@given(document=changed(REPORT))
def test_a_damaged_report_is_refused_or_can_be_shown_in_every_form(document):
    found = read_back(read, document)
    if found is not None:
        for form in FORMS:
            assert b"".join(_rendered(found, form, Mask(), bright=False, where=Path())) is not None
        whole = read_back(read, REPORT)
        comparison.text(comparison.compare(whole, found), Mask())
        comparison.markdown(comparison.compare(found, whole), Mask())


@given(data=st.binary(max_size=100))
def test_bytes_that_are_no_report_are_refused(data):
    assert read_back(read, data) is None


@given(document=changed(PLAN))
def test_a_damaged_plan_is_refused_or_compared(document):
    found = read_back(plan.read, document)
    if found is not None:
        for before, now in ((found, PLAN), (PLAN, found)):
            assert all(isinstance(line, str) for line in differences(before, now))


@pytest.mark.parametrize("merged", [False, True])
def test_a_settings_file_of_aliases_cannot_fill_the_memory(merged, tmp_path):
    # Each line stands for ten times what the one before does.
    lines = ["k0: &a0 {v: w}"]
    for n in range(1, 12):
        parts = ", ".join([f"*a{n - 1}"] * 10)
        lines.append(f"k{n}: &a{n} " + (f"{{<<: [{parts}]}}" if merged else f"[{parts}]"))
    (tmp_path / "rolecall.yml").write_text("\n".join(lines))
    values, problems = yamlfile.read(tmp_path / "rolecall.yml", "rolecall.yml")
    if merged:
        assert values["K11"].value == {"v": "w"}
    else:
        assert values == {}
        assert "has over 500,000 values, with those that aliases" in str(problems[0])


@given(data=st.binary(max_size=100))
def test_bytes_that_are_no_plan_are_refused(data):
    assert read_back(plan.read, data) is None


# What the SDKs' shared files may hold, and what they may not.
# Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
LINES = st.sampled_from(
    [
        *(
            "[default]",
            "[other]",
            "[profile other]",
            '[profile "with space"]',
            "[a] ; why",
            "[ b ]",
        ),
        *("[sso-session corp]", "[services local]", "[preview]", "[]", "[x", "x]"),
        *("aws_access_key_id = AKIAOTHER00000000000", "region=eu-west-1", "s3 =", "key"),
        *("  max_concurrent_requests = 20", "  nested = 1", "\tregion : x", "a = b = c"),
        *("# a comment", "; another", "  # indented", "value = x ; y", "value = x # y", ""),
        *("= nothing", "%(x)s = %(y)s", "é = ü", "region = eu-west-1", "[other]", "  "),
    ]
)
ENDS = st.sampled_from(["\n", "\r\n"])


@given(
    credentials=st.lists(LINES, max_size=14),
    config=st.lists(LINES, max_size=14),
    end=ENDS,
    last=st.booleans(),
)
def test_a_profile_is_stored_beside_everything_a_file_may_hold_or_not_at_all(
    credentials, config, end, last
):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = AwsFiles(config=folder / "config", credentials=folder / "credentials")
        texts = [end.join(lines) + end * last for lines in (config, credentials)]
        for path, text in zip((files.config, files.credentials), texts, strict=True):
            path.write_bytes(text.encode())
        _, error = tried(
            lambda: store(files, "client", session(1), region="eu-central-1"), FileError
        )
        after = [path.read_bytes().decode() for path in (files.config, files.credentials)]
    if error:
        assert error.exit_code == 2
        assert after == texts
        return
    for text, stored in zip(texts, after, strict=True):
        assert stored.startswith(text)
        assert "client" in stored[len(text) :]
