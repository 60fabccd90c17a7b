"""report.html: what it shows first, how it is safe, and how large it grows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from rolecall.report import page
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask, Secret
from support.outcomes import STARTED, Scale, outcome

FEW = Scale(targets=12, failed=4, not_assumed=5, not_run=6)


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and the text of each kind of element."""

    def __init__(self, text) -> None:
        super().__init__()
        self.elements, self.texts, self._open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def rendered(run, mask=None):
    return b"".join(page.rendered(run, mask or Mask())).decode()


def test_a_page_reads_nothing_else_and_lets_nothing_else_run():
    text = rendered(outcome(FEW))
    found = Parsed(text)
    policy = next(m["content"] for m in found.all("meta") if "Content-Security" in str(m))
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    named = [a.get(k) for _, a in found.elements for k in ("src", "href") if a.get(k)]
    assert all(value.startswith("#") or value == "data:," for value in named)
    assert not any(k == "style" or k.startswith("on") for _, a in found.elements for k in a)
    assert "url(" not in text


def test_hostile_output_is_shown_and_does_nothing():
    text = rendered(outcome(FEW))
    found = Parsed(text)
    assert len(found.all("script")) == 2
    assert not found.all("img")
    assert "red link" in text
    assert "100 % done" in text
    assert "50 %" not in text
    assert "{{ 7 * 7 }}" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\ud800]", text)


def test_hostile_names_and_commands_are_shown_and_do_nothing():
    bad = "</script><script>alert(1)</script><!-- \" ' &"
    command = CommandResult(command=bad, status=Status.FAILED, reason=bad, tail=(bad,))
    run = Outcome(
        results=(
            Result(
                target=bad,
                account_id=bad,
                role_arn=bad,
                region=bad,
                status=Status.FAILED,
                started_at=STARTED,
                commands=(command,),
            ),
        ),
        bug=bad,
    )
    text = rendered(run)
    assert len(Parsed(text).all("script")) == 2
    assert "<!--" not in text
    data = re.search(r'id="details">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data[1])["texts"] == [bad]


def test_secrets_are_masked():
    secret = "hunter2&<secret>"
    run = outcome(FEW, tail=(f"password {secret}", "ASIAABCDEFGHIJKLMNOP"))
    text = rendered(replace(run, bug=secret), Mask([Secret(secret)]))
    assert "hunter2" not in text
    assert "ASIA" not in text


def test_what_failed_comes_first_with_its_tail_and_the_command_to_run_again():
    text = rendered(outcome(FEW))
    failed, kept_out, left, table = (
        text.index(f"<h2 {part}")
        for part in ('id="h-failed"', 'id="h-out"', 'id="h-left"', 'id="targets"')
    )
    assert failed < kept_out < left < table
    assert "rolecall run --only team-0003,team-0007,team-0011" in text
    assert "rolecall run --only team-0003<" in text
    assert (
        "rolecall run --only team-0003,team-0004,team-0005,team-0007,team-0009,team-0011<" in text
    )
    assert "rolecall plan --check --only team-0004" in text
    assert "must allow it" in text
    assert "an earlier target failed" in text


def test_roles_that_are_denied_alike_are_told_once():
    text = rendered(outcome(Scale(targets=40, not_assumed=2)))
    assert text.count("must allow it") == 1
    assert "20 roles" in text


def test_a_target_of_several_regions_is_named_with_its_region():
    failed = outcome(Scale(targets=1, failed=1)).results[0]
    other = replace(failed, region="us-east-1", status=Status.SUCCEEDED, commands=())
    text = rendered(Outcome(results=(failed, other), started_at=STARTED))
    assert "rolecall run --only team-0000/eu-central-1<" in text


def test_rows_have_bars_that_tell_preflight_waits_and_commands_apart():
    text = rendered(outcome(Scale(targets=9, failed=9)))
    rows = re.findall(r'<tr role="row" id="t\d+".*?</tr>', text, re.DOTALL)
    assert len(rows) == 9
    assert [re.findall(r'path class="(\w+)"', row) for row in (rows[0], rows[8])] == [
        ["preflight", "prepare", "done"],
        ["preflight", "wait", "prepare", "done", "failed"],
    ]


def test_the_plan_tells_options_commands_and_waves():
    text = rendered(outcome(Scale(targets=40)))
    plan = text[text.index('id="h-plan"') :]
    assert "npx cdk deploy --require-approval never" in plan
    assert "rolecall.yml:3" in plan
    assert re.findall(r'<th scope="row">(\d)</th><td>(\d+)', plan) == [
        ("1", "5"),
        ("2", "16"),
        ("3", "19"),
    ]


def test_a_run_without_waves_has_no_column_for_them():
    run = outcome(Scale(targets=3))
    alone = tuple(replace(result, wave=1) for result in run.results)
    assert "Wave" not in rendered(replace(run, results=alone))


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (outcome(Scale(targets=3)), "All 3 targets succeeded"),
        (outcome(Scale(targets=1)), "The target succeeded"),
        (outcome(FEW), "3 of 12 targets failed"),
        (outcome(Scale(targets=4, not_assumed=2)), "2 of 4 roles could not be assumed"),
        (outcome(Scale(targets=4, not_run=2)), "2 of 4 targets not run"),
        (Outcome(results=()), "Nothing was run"),
        (Outcome(results=(), bug="x"), "rolecall itself failed"),
        (Outcome(results=(), signal_number=15), "Interrupted by SIGTERM"),
        (Outcome(results=(), signal_number=99), "Interrupted by signal 99"),
    ],
)
def test_the_headline_is_the_gravest_that_happened(run, said):
    assert page.headline(run) == said
    assert f">{said}</h1>" in rendered(run)


def test_the_headline_tells_of_a_preflight_and_of_the_commands_around():
    run = outcome(Scale(targets=4, not_assumed=2))
    assert page.headline(replace(run, preflight_failed=True)).endswith("; nothing was deployed")
    once = Result(target="", account_id="", role_arn="", region="", status=Status.FAILED)
    fine = outcome(Scale(targets=2))
    for name in ("before", "after"):
        changed = replace(fine, **{name: replace(once, target=name, reason="disk full")})
        assert page.headline(changed).startswith(f"The commands {name} the")
        assert "disk full" in rendered(changed)
        assert ">rolecall run</code>" in rendered(changed)


@pytest.mark.long
@pytest.mark.parametrize("every", [1, 3, 60])
def test_three_thousand_targets_stay_under_five_megabytes(every):
    longest = tuple("<&\"'>é" * 80 for _ in range(20))
    run = outcome(Scale(targets=3000, failed=every, not_assumed=every + 1), tail=longest)
    assert len(rendered(run).encode()) < 5_000_000


def test_few_failures_keep_their_whole_tails_and_many_their_ends():
    longest = tuple(f"line {number} {'x' * 380}" for number in range(20))
    few = rendered(outcome(Scale(targets=10, failed=10), tail=longest))
    assert "line 0 " in few
    assert "line 19 " in few
    many = rendered(outcome(Scale(targets=3000, failed=1), tail=longest))
    assert many.count("line 19 ") == 3000
    assert "line 0 " not in many


def test_a_target_that_failed_without_a_word_is_told_so():
    silent = CommandResult(command="false", status=Status.FAILED, reason="exit code 1")
    failed = outcome(Scale(targets=1, failed=1)).results[0]
    text = rendered(Outcome(results=(replace(failed, commands=(silent,)),), started_at=STARTED))
    assert "It printed nothing." in text
    assert 'class="failed"' in text


@pytest.fixture
def template_in(monkeypatch):
    """Has the template read from a folder."""

    def change(folder):
        monkeypatch.setattr(page, "_FOLDER", folder)
        page._environment.cache_clear()

    yield change
    page._environment.cache_clear()


def test_the_template_compiled_for_the_wheel_makes_the_same_page(template_in, tmp_path):
    expected = rendered(outcome(FEW))
    page.compile_into(tmp_path)
    for name in ("style.css", "script.js"):
        shutil.copy(page._FOLDER / name, tmp_path)
    template_in(tmp_path)
    # There is no page.html here to make it from.
    assert rendered(outcome(FEW)) == expected


def test_a_template_compiled_for_another_jinja_is_left_alone(template_in, tmp_path):
    expected = rendered(outcome(FEW))
    template = shutil.copytree(page._FOLDER, tmp_path / "template")
    page.compile_into(template).rename(template / "compiled-2.11.3")
    for path in template.glob("compiled-*/*.py"):
        path.write_text("import of_another_runtime")
    template_in(template)
    assert rendered(outcome(FEW)) == expected
