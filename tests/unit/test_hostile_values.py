"""Settings and targets of any text: a value, or the mistakes, and never a trace."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rolecall.settings.load import load
from rolecall.settings.options import options
from rolecall.settings.sources import PREFIX, BadValueError
from rolecall.targets import Build, grammar, lists, resolve, selection
from support.attempts import tried

# Pieces that the grammars are made of, so that what is drawn comes near to being right.
PIECES = st.sampled_from(
    [
        *("arn:aws:iam::222222222222:role/deploy", "arn:", "222222222222", "333333333333"),
        *("dev=", "=", ",", " ", "\n", "\r", "#", "/", "[", "]", "{", "}", '"', ":", "- ", "\0"),
        *("ssm:/a", "s3://b/k", "file:", "wave:2", "*", "eu-west-1", "true", "rest", "null", "é"),
        *("10%", "1", "0", "-1", "1e9", "99999999999", "1/4", "15m", "1h30m", ".5", "\ufeff", "~"),
        *(
            "name",
            "role_arn",
            "account",
            "regions",
            "variables",
            "wave",
            '"a": 1',
            "<<",
            "&a",
            "*a",
        ),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=60))
KEYS = st.one_of(st.sampled_from([option.key for option in options()]), TEXTS)
# What the file's reader makes: text, lists and mappings of text, nothing else.
DOCUMENTS = st.recursive(
    st.none() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
ACCOUNTS = st.integers(10**11, 10**12 - 1)
ROLE_NAMES = st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,20}", fullmatch=True)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)

SEPARATORS = st.sampled_from([",", " ", "\n", ", ", "\n# a comment\n", "\t"])


def resolved(loaded, **more):
    def refused(where):
        raise BadValueError(f"{where!r} is not there")

    given = {"build": Build(), "default_region": "eu-west-1", "read_list": refused, **more}
    return resolve(loaded, **given)


@pytest.mark.parametrize("option", list(options()), ids=lambda option: option.name)
@given(raw=DOCUMENTS)
def test_an_option_takes_a_value_or_says_what_would_be_right(option, raw):
    value, error = tried(lambda: option.kind.parse(raw), BadValueError)
    if error:
        assert str(error)
        assert all(isinstance(part, str | int) for part in error.path)
        return
    if option.name in {"TARGETS", "ORGANIZATION"} or value in ("", ()) or not value:
        return
    # What `rolecall config` shows of a value is a way to write it.
    assert option.kind.parse(option.kind.show(value)) == value


@given(
    variables=st.dictionaries(KEYS.map(str.upper), TEXTS, max_size=5),
    flags=st.dictionaries(st.sampled_from([o.name for o in options()]), TEXTS, max_size=3),
    file=st.one_of(
        st.binary(max_size=80),
        TEXTS.map(str.encode),
        st.dictionaries(KEYS, DOCUMENTS, max_size=5).map(
            lambda document: yaml.safe_dump(document, allow_unicode=True).encode()
        ),
    ),
)
def test_any_file_and_variables_are_loaded_or_told_with_their_place(variables, flags, file):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rolecall.yml").write_bytes(file)
        environ = {f"{PREFIX}{key}": value for key, value in variables.items()}
        found = load(environ=environ, flags=flags, folder=folder)
        problems = [*found.problems, *resolved(found).problems]
    for problem in problems:
        assert problem.place
        assert problem.text


@given(text=TEXTS, default_region=st.sampled_from(["", "eu-west-1"]))
def test_any_targets_are_resolved_or_told(text, default_region):
    loaded = load(environ={"ROLECALL_TARGETS": text}, flags={}, folder=Path("/nonexistent"))
    found = resolved(loaded, default_region=default_region, remote=False)
    if found.problems or loaded.problems:
        return
    for number, target in enumerate(found.targets, 1):
        assert target.index == number
        assert re.fullmatch(r"[0-9]{12}", target.account_id)
        assert re.fullmatch(grammar.NAME, target.name, re.ASCII)
    names = [target.name for target in found.targets]
    assert len({name.casefold() for name in names}) == len(names)


@given(
    accounts=st.lists(ACCOUNTS, min_size=1, max_size=8, unique=True),
    roles=st.lists(ROLE_NAMES, min_size=8, max_size=8),
    names=st.lists(NAMES, min_size=8, max_size=8, unique_by=str.casefold),
    separators=st.lists(SEPARATORS, min_size=8, max_size=8),
)
def test_entries_are_cut_where_they_were_joined(accounts, roles, names, separators):
    # A comma within a role's name is a part of it, save at its ends, where nothing can tell.
    arns = [
        f"arn:aws:iam::{account}:role/{role.strip(',') or 'r'}"
        for account, role in zip(accounts, roles, strict=False)
    ]
    entries = [f"{name}={arn}" for name, arn in zip(names, arns, strict=False)]
    text = "".join(entry + separator for entry, separator in zip(entries, separators, strict=False))
    found = grammar.split(text)
    assert [(entry.name, entry.value) for entry in found] == list(zip(names, arns, strict=False))


@given(words=st.lists(TEXTS, max_size=4), number=st.integers(1, 9), count=st.integers(1, 9))
def test_any_selection_keeps_targets_in_their_order_or_names_what_means_none(words, number, count):
    text = "\n".join(f"t{n}=arn:aws:iam::{n:012}:role/r" for n in range(1, 7))
    loaded = load(environ={"ROLECALL_TARGETS": text}, flags={}, folder=Path("/nonexistent"))
    targets = resolved(loaded).targets
    kept, unknown = selection.only(targets, words)
    assert set(unknown) <= set(words)
    assert [target.index for target in kept] == sorted({target.index for target in kept})
    if number <= count:
        shards = [selection.shard(targets, each, count) for each in range(1, count + 1)]
        assert sorted(t.index for part in shards for t in part) == [1, 2, 3, 4, 5, 6]


@given(data=st.binary(max_size=200))
def test_any_list_in_a_file_is_text_or_refused(data):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "list").write_bytes(data)
        text, error = tried(
            lambda: lists.read("file:list", folder=Path(folder), fetch=None), BadValueError
        )
    if error:
        page = data.lstrip().startswith(b"<")
        assert ("gives a page of HTML" if page else "is not UTF-8 text") in str(error)
    else:
        assert text == data.decode("utf-8-sig")
