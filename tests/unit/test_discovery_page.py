"""docs/discovery.md: its examples are read without a mistake, its policy names real actions."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from jsonschema import Draft202012Validator
from pycfmodel.model.resources.properties.policy_document import PolicyDocument

from rolecall.settings import reference
from rolecall.settings.load import load
from rolecall.targets.organization.wish import _KEYS, WishReader
from support import templates

ROOT = templates.FOLDER.parent
PAGE = (ROOT / "docs" / "discovery.md").read_text("utf-8")
EXAMPLES = [
    text
    for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    if text.startswith("organization:")
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_read_and_the_editors_schema_agrees(text, tmp_path):
    (tmp_path / "rolecall.yml").write_text(text)
    loaded = load(environ={}, flags={}, folder=tmp_path)
    reader = WishReader(loaded.settings.organization, "")
    assert reader.read()
    assert [*loaded.problems, *reader.problems] == []
    Draft202012Validator(reference.json_schema()).validate(yaml.safe_load(text))


def test_the_page_has_a_short_example_and_a_whole_one():
    assert len(EXAMPLES) == 2


def test_every_key_is_in_the_pages_table_the_schema_and_the_options_help():
    schema = reference.json_schema()["properties"]["organization"]
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(_KEYS)
    assert set(schema["properties"]) == set(_KEYS)
    assert {key for key in _KEYS if f"`{key}`" not in schema["description"]} == set()


def test_the_policy_allows_what_is_called_and_nothing_else():
    (text,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (statement,) = PolicyDocument.model_validate(json.loads(text)).statement_as_list()
    actions = statement.get_action_list()
    # The library knows every action of AWS; one that is misspelt expands to nothing.
    assert statement.get_expanded_action_list() == sorted(actions)
    source = (ROOT / "src/rolecall/targets/organization/read.py").read_text("utf-8")
    role = templates.synthesise(
        "source-role.yaml",
        templates.HUB,
        TargetRoleArns=templates.TARGET_ROLE,
        ReadOrganization="allow",
    )
    (given,) = role["ReadTheOrganization"]["Properties"]["PolicyDocument"]["Statement"]
    assert given["Action"] == actions
    called = set(re.findall(r'"(List\w+)"', source))
    assert {f"organizations:{operation}" for operation in called} == set(actions)
