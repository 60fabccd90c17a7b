"""Files that others may have written: read, or refused with one message, and never a trace."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest
from botocore.configloader import build_profile_map, raw_config_parse
from botocore.exceptions import ConfigParseError
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
from support.aws_files import parse_ini
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
    texts = [end.join(lines) + end * last for lines in (config, credentials)]
    after, error = stored_beside(*texts)
    if error:
        assert after == texts
        return
    for text, stored in zip(texts, after, strict=True):
        assert stored.startswith(text)
        assert "client" in stored[len(text) :]


def stored_beside(config, credentials):
    """The two texts once a profile was stored beside what they hold, and the error of that."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = AwsFiles(config=folder / "config", credentials=folder / "credentials")
        paths = (files.config, files.credentials)
        for path, text in zip(paths, (config, credentials), strict=True):
            path.write_bytes(text.encode())
        _, error = tried(
            lambda: store(files, "client", session(1), region="eu-central-1"), FileError
        )
        assert {path.name for path in folder.iterdir()} <= {*NAMES, ".rolecall.lock"}
        after = [path.read_bytes().decode() for path in paths]
    if error:
        assert error.exit_code == 2
    return after, error


NAMES = ("config", "credentials")
HEADS = st.sampled_from(
    [
        *("[client]", "[profile client]", '[profile "client"]', "[profile  client]", "[ client ]"),
        *("[default]", "[profile default]", "[other]", "[profile other]", "[DEFAULT]"),
        *("[ profile client ]", "  [client]", "[client] # mine", "[client] mine", "[services a]"),
    ]
)
ENTRIES = st.sampled_from(
    [
        *("aws_access_key_id = ASIA0000000000000OLD", "AWS_ACCESS_KEY_ID=ASIA0000000000000OLD"),
        *("aws_session_token = old", "Aws_Session_Token : old", "aws_secret_access_key = old"),
        *("region = x", "REGION: x", "\tregion = x", "  output = text", "output = text", "s3 ="),
        *("  a = b", "    c = d", "  [other]", "aws_account_id = 9", "aws_security_token = old"),
        *("# a comment", "  ; another", "", "  ", "role_arn = x", "Role_Arn = x", "note = x ; y"),
    ]
)
BLOCKS = st.lists(
    st.tuples(
        HEADS,
        # What stands there twice is refused: there is little to see in that.
        st.lists(
            ENTRIES, max_size=6, unique_by=lambda line: re.split("[=:]", line)[0].strip().lower()
        ),
    ).map(lambda block: [block[0], *block[1]]),
    max_size=4,
    unique_by=lambda block: block[0].strip(),
)


def read_by_botocore(text):
    """The sections of a file, or None where botocore refuses it."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "file"
        path.write_bytes(text.encode())
        return tried(lambda: raw_config_parse(str(path)), ConfigParseError)[0]


def is_client(head):
    """Whether a section of the config file is of the profile, by either reader's name for it."""
    return head == "profile.client" or "client" in build_profile_map({head: {}})["profiles"]


@given(config=BLOCKS, credentials=BLOCKS, end=ENDS, last=st.booleans())
def test_no_other_profile_reads_otherwise_once_one_is_stored(config, credentials, end, last):
    texts = [
        end.join(line for block in blocks for line in block) + end * last
        for blocks in (config, credentials)
    ]
    after, error = stored_beside(*texts)
    if error:
        assert after == texts
        assert str(error).isprintable() or "\n" in str(error)
        return
    for text, stored, is_own in zip(texts, after, (is_client, "client".__eq__), strict=True):
        for reader in (read_by_botocore, parse_ini):
            before, now = reader(text), reader(stored)
            for head in (*before, *now):
                assert is_own(head) or now[head] == before[head]
    now = read_by_botocore(after[1])["client"]
    keys = [secret.reveal() for secret in session(1).credentials.secrets()]
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    assert [now[name] for name in names] == keys
    assert not {"aws_account_id", "aws_security_token"} & now.keys()
    found = build_profile_map(read_by_botocore(after[0]))["profiles"]["client"]
    assert {**found, **now}["region"] == "eu-central-1"
    assert [parse_ini(after[1])["client"][name] for name in names] == keys
