"""AWS files that botocore refuses: the line and the reason, and nothing of what stands there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from botocore.configloader import build_profile_map, raw_config_parse
from botocore.exceptions import ConfigParseError
from hypothesis import given
from hypothesis import strategies as st

from rolecall import aws_parsing
from rolecall.errors import ConfigError
from support.attempts import tried


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("[a]\nkeyEXAMPLE\n", ":2", "the line is neither [section] nor key = value; mend it"),
        ("keyEXAMPLE = x\n", ":1", "the line stands below no [section]; put it below one"),
        ("\ufeff[EXAMPLE]\n", ":1", "it begins with a byte-order mark; save it as UTF-8 without"),
        ("[a]\nb=EXAMPLE\nB=c\n", ":3", "b stands a second time in [a]; leave one out"),
        ("[a]\n[a]\n", ":2", "[a] stands there a second time; make one section of both"),
        ("[a]\ns3 =\n b = c\n EXAMPLE\n", ":4", "a line below a key without a value, such as"),
    ],
)
def test_what_botocore_refuses_is_told_with_its_line_and_never_its_content(
    tmp_path, text, place, why
):
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        aws_parsing.parsed(path)
    told = str(raised.value)
    assert told.startswith(f"{path}{place}: is no AWS file that the AWS CLI and boto3 can read: ")
    assert why in told
    assert "EXAMPLE" not in told


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (UnicodeDecodeError("ascii", b"\xff", 0, 1, "x"), "it is not ASCII text (byte 0)"),
        (ValueError("not enough values"), "a line below a key without a value"),
    ],
)
def test_where_no_line_is_known_the_file_alone_is_told(tmp_path, cause, why):
    path = tmp_path / "gone"
    problem = aws_parsing.refusal(path, cause)
    assert problem.place == str(path)
    assert why in problem.text


def test_a_file_that_is_not_there_holds_nothing(tmp_path):
    assert aws_parsing.parsed(tmp_path / "config").sections() == []


@pytest.mark.parametrize(
    ("header", "profile"),
    [
        ("default", "default"),
        ("profile default", "default"),
        ('profile "a b"', "a b"),
        ("profile   a", "a"),
        ("profile a ", "a"),
        ("profiles a", "a"),
        ("profile a b", ""),
        (" profile a ", ""),
        ("profile", ""),
        ('profile "a', ""),
        ("sso-session a", ""),
        ("a", ""),
    ],
)
def test_a_section_is_of_the_profile_that_botocore_takes_it_for(header, profile):
    assert aws_parsing.profile_of(header) == profile
    assert list(build_profile_map({header: {}})["profiles"]) == [profile] * bool(profile)


LINES = st.sampled_from(
    [
        *("[default]", "[profile a]", "[profile  a]", "[DEFAULT]", "[services x]", "[a", "[ a ]"),
        *("region = x", "Region: y", "region=z ; no comment", "s3 =", "  a = b", "  a", "\ta = b"),
        *("# comment", "", "  ", "alone", "\ufeff", "\x0c", "[a]\rb = c", "k = é", "k =", "= v"),
    ]
)


@given(lines=st.lists(LINES, max_size=8), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_file_reads_as_botocore_reads_it_or_is_refused_where_botocore_does(lines, end):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "config"
        path.write_bytes(end.join(lines).encode())
        expected, _ = tried(lambda: raw_config_parse(str(path)), ConfigParseError)
        found, refused = tried(lambda: aws_parsing.parsed(path), ConfigError)
    assert (expected is None) == (refused is not None)
    assert expected is None or expected == {
        section: {
            key: aws_parsing.below(value) if value.startswith("\n") else value
            for key, value in found[section].items()
        }
        for section in found.sections()
    }
