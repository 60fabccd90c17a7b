"""Secrets in disguise: each form is hidden, wherever it begins, and however it is cut."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import threading
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall.commands.stream import Stream
from rolecall.disguises import base64_of
from rolecall.masking import below, named
from rolecall.secret import Mask, Secret

KEY = "wJalr/XUtn+FEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = base64.b64encode(os.urandom(258)).decode()
WORDS = "correct horse \"battery\" <staple> & 'more'\\"
FORMS = {
    "itself": str,
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "url, slashes kept": urllib.parse.quote,
    "url in lower case": lambda value: re.sub(
        "%..", lambda match: match[0].lower(), urllib.parse.quote(value, safe="")
    ),
    "json": lambda value: json.dumps(value)[1:-1],
    "json with slashes": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "json of .NET": lambda value: json.dumps(value)[1:-1].replace("+", "\\u002B"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [KEY, TOKEN, "l0wer-case/passw0rd+only"])
def test_each_form_is_hidden(value, form):
    text = f"a {FORMS[form](value)} z".encode()
    assert Mask([Secret(value)]).apply(text) == b"a *** z"


def test_characters_that_json_escapes_are_hidden_escaped_or_not():
    mask = Mask([Secret(WORDS)])
    for text in (WORDS, json.dumps(WORDS)[1:-1], urllib.parse.quote(WORDS, safe="")):
        assert mask.apply(text.encode()) == b"***"


@pytest.mark.parametrize("urlsafe", [False, True])
@given(before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_base64_is_hidden_wherever_the_secret_begins(before, after, urlsafe):
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    plain = before + KEY.encode() + after
    masked = Mask([Secret(KEY)]).apply(encode(plain))
    # At each end is a character that holds some bits of the secret, and of what stands beside it.
    rest = encode(plain).decode()
    start, end = masked.decode().split("***")
    assert rest.startswith(start)
    assert rest.endswith(end)
    assert len(start) <= (len(before) * 8 + 5) // 6 + 1
    assert len(end) <= len(rest) - (len(before) + len(KEY)) * 8 // 6


@pytest.mark.parametrize("shift", range(76))
def test_base64_in_lines_gives_away_no_piece_of_length(shift):
    encoded = base64.encodebytes(b"-" * shift + TOKEN.encode() + b"-" * 9)
    masked = Mask([Secret(TOKEN)]).apply(encoded)
    assert b"***" in masked
    for part in base64_of(TOKEN.encode()):
        assert not [at for at in range(len(part) - 14) if part[at : at + 15] in masked]


BROKEN = {
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 in a document": lambda value: base64.b64encode(
        f'{{"token": "{value}"}}'.encode()
    ).decode(),
    "base64, url-safe": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "hex in a document": lambda value: f'{{"token": "{value}"}}'.encode().hex(),
    "hex in capitals": lambda value: value.encode().hex().upper(),
    **FORMS,
}


def in_lines(text, width, before="", after=""):
    cuts = range(0, len(text), width)
    return [f"{before}{text[at : at + width]}{after}\n".encode() for at in cuts]


def shown_of(lines, value, *, flushed=False):
    """What is shown of lines that arrive one by one."""
    heard = []
    stream = Stream(mask=Mask([Secret(value)]), emit=heard.append, mark=None, on_mark=print)
    for line in lines:
        stream.feed(line[:40])
        if flushed:
            stream.flush()
        stream.feed(line[40:])
    stream.close()
    return b"".join(heard).decode()


AROUND = (("", ""), ("  ", ""), ('"', '\\n" +'), ("> ", "\\"))


@pytest.mark.parametrize("flushed", [False, True])
@pytest.mark.parametrize("form", BROKEN)
def test_a_secret_in_lines_that_arrive_one_by_one_gives_away_no_line(form, flushed):
    written = BROKEN[form](TOKEN)
    for width, (before, after) in itertools.product((48, 60, 64, 76), AROUND):
        shown = shown_of(in_lines(written, width, before, after), TOKEN, flushed=flushed)
        for around in filter(None, (before, after)):
            shown = shown.replace(around, " ")
        assert not [part for part in shown.split() if len(part) >= 27 and part in written]


def test_a_part_of_what_was_encoded_is_hidden_without_its_beginning_and_end():
    lines = base64.encodebytes(TOKEN.encode()).splitlines(keepends=True)[2:4]
    assert shown_of(lines, TOKEN) == "***\n***\n"


def test_lines_that_are_short_are_hidden_behind_one_that_was_known():
    lines = in_lines(base64.b64encode(TOKEN.encode()).decode(), 20)
    assert len(shown_of(lines, TOKEN).replace("***\n", "")) < 15


def test_a_key_that_is_broken_into_other_lines_is_hidden():
    body = base64.b64encode(os.urandom(900)).decode()
    pem = "\n".join(
        ["-----BEGIN KEY-----", *map(bytes.decode, in_lines(body, 64)), "-----END KEY-----"]
    )
    mask = Mask(named(["PEM"], [("PEM", pem)]).secrets)
    for width in (48, 76):
        shown = b"".join(map(mask.apply, in_lines(body, width))).decode()
        assert not [piece for piece in shown.split() if len(piece) > 14 and piece in body]


@given(value=st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"]), min_size=200))
@settings(max_examples=50)
def test_no_line_of_a_token_is_shown_whatever_its_letters(value):
    lines = base64.encodebytes(value.encode()).splitlines(keepends=True)
    shown = "".join(Mask([Secret(value)]).apply(line).decode() for line in lines)
    written = base64.b64encode(value.encode()).decode()
    assert not [piece for piece in shown.split() if len(piece) > 31 and piece in written]


@pytest.mark.parametrize("cut", range(1, 60, 3))
@pytest.mark.parametrize("flushed", [True, False])
@pytest.mark.parametrize("form", ["itself", "base64", "url", "json of .NET"])
def test_each_form_is_hidden_wherever_a_read_cuts_it(form, cut, flushed):
    heard = []
    stream = Stream(mask=Mask([Secret(KEY)]), emit=heard.append, mark=None, on_mark=print)
    encoded = base64.b64encode(KEY.encode()).decode() if form == "base64" else FORMS[form](KEY)
    data = f"pre {encoded} post".encode()
    stream.feed(data[:cut])
    if flushed:
        stream.flush()
    stream.feed(data[cut:])
    stream.close()
    said = b"".join(heard).decode()
    assert said.startswith("pre ***")
    assert said.endswith(" post\n")
    assert len(said) < len("pre *** post\n") + 4


def test_other_text_is_left_as_it_is():
    mask = Mask([Secret(KEY), Secret(TOKEN)])
    text = os.urandom(300_000) + base64.b64encode(os.urandom(300_000))
    assert mask.apply(text) == text


def test_keys_that_were_issued_are_hidden_alone_in_every_mask_made_of_the_one():
    whole = Mask([Secret("source")])
    early = whole.also([Secret("own-secret")])
    key, token = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2lu" * 20 + "AB=="
    whole.issue([Secret(key), Secret(token)])
    for mask in (whole, early, whole.also([Secret("later-secret")])):
        for shown in (key, f'"{key}"', f"key={key};", f"{key}=", f"a {token}\n", f"{key} {token}"):
            hidden = mask.apply(shown.encode()).decode()
            assert key not in hidden
            assert token[:-2] not in hidden
            assert "***" in hidden
    other = f"{key[:-1]}Z {'a' * 40} {token[4:]} {'/usr/lib' * 9}"
    assert whole.apply(other.encode()).decode() == other


def test_a_mask_may_be_added_to_while_others_apply_and_add():
    mask, shown = Mask([Secret(KEY)]), []
    secrets = [[Secret(f"{KEY[:20]}{worker}-{n:03}") for n in range(40)] for worker in range(4)]

    def work(own):
        for secret in own:
            mask.add([secret])
            text = f"{KEY} {secret.reveal()}".encode()
            shown.append(mask.apply(text))

    threads = [threading.Thread(target=work, args=(own,)) for own in secrets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown == [b"*** ***"] * 160
    everything = " ".join(secret.reveal() for own in secrets for secret in own)
    assert mask.apply(everything.encode()) == b" ".join([b"***"] * 160)


def hidden(environ, *patterns):
    return {secret.reveal() for secret in named(patterns, environ.items()).secrets}


def test_variables_are_named_or_match_a_pattern():
    environ = {"DB_PASSWORD": "hunter22", "X_PASSWORD": "hunter23", "HOME": "/home/me"}
    assert hidden(environ, "DB_PASSWORD") == {"hunter22"}
    assert hidden(environ, "*_PASSWORD") == {"hunter22", "hunter23"}
    assert hidden(environ, "db_password") == set()


def test_each_text_of_a_json_object_is_hidden_too():
    value = '{"user": "administrator", "pass": {"now": "hunter22", "old": ["hunter21"]}, "n": 5432}'
    assert hidden({"DB": value}, "DB") == {value, "administrator", "hunter22", "hunter21"}
    assert hidden({"DB": "{no json at all"}, "DB") == {"{no json at all"}
    assert hidden({"DB": '{"a":' * 9000}, "DB") == {'{"a":' * 9000}


def test_a_value_of_several_lines_is_hidden_line_by_line():
    key = "-----BEGIN KEY-----\n  MIIEvQIBADAN\nab==\n"
    assert {"MIIEvQIBADAN", "-----BEGIN KEY-----"} < hidden({"KEY": key}, "KEY")
    assert "MIIEvQIBADAN" in hidden({"KEY": json.dumps({"pem": key})}, "KEY")


def test_what_is_too_short_is_said_and_not_hidden():
    found = named(["PIN", "DB"], [("PIN", "1234"), ("DB", '{"engine": "mysql", "b": ""}')])
    assert [secret.reveal() for secret in found.secrets] == ['{"engine": "mysql", "b": ""}']
    assert [remark.partition(":")[0] for remark in found.remarks] == [
        "DB.engine is not hidden",
        "PIN is not hidden",
    ]
    assert "1234" not in str(found.remarks)


def test_a_name_that_is_not_set_is_said():
    assert named(["TYPO"], []).remarks == ("TYPO is not set, so that there is nothing to hide",)
    assert named(["EMPTY"], [("EMPTY", "")]).remarks == ()


def test_values_that_are_no_text_are_hidden_all_the_same():
    odd = os.fsdecode(b"p\xffssw\xf6rd")
    assert Mask([Secret(odd)]).apply(b"a p\xffssw\xf6rd") == b"a ***"
    assert hidden({"X": '{"a": "\\ud800bcdefg"}'}, "X")


def test_what_rolecall_itself_calls_things_is_never_hidden():
    mask = Mask([Secret("222222222222"), Secret("testing"), Secret("hunter22")])
    assert mask.spare(["testing", "dev", "222222222222"]) == {
        Secret("testing"),
        Secret("222222222222"),
    }
    mask.add([Secret("testing")])
    shown = b"testing 222222222222 hunter22"
    for each in (mask, mask.also([Secret("testing"), Secret("hunter23")])):
        assert each.apply(shown) == b"testing 222222222222 ***"


def test_fewer_than_six_characters_are_never_hidden():
    assert Mask([Secret("test"), Secret("")]).apply(b"a test") == b"a test"


def test_values_are_masked_and_no_number_or_key():
    data = {"123456": [0.123456, 123456, "is 123456", None, True], "n": ("123456",)}
    found = Mask([Secret("123456")]).values(data)
    assert found == {"123456": [0.123456, 123456, "is ***", None, True], "n": ["***"]}


def test_variables_of_targets_are_known_as_they_are_written():
    target = {"name": "dev", "variables": {"PASSWORD": "hunter22", "N": 1}}
    regions = {"eu-west-1": {"PASSWORD": "hunter23"}}
    written = [json.dumps([target, {"region_variables": regions}]), [target], {"dev": target}]
    found = [{text for name, text in below(value) if name == "PASSWORD"} for value in written]
    assert found == [{"hunter22", "hunter23"}, {"hunter22"}, {"hunter22"}]
    assert list(below("[no json")) == list(below("dev")) == []
