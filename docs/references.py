"""The pages of docs/reference that are made of the code: options, commands and schemas."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rolecall.cli import parser
from rolecall.cli.help import Parser
from rolecall.settings.options import Option, options
from rolecall.settings.reference import FORMS, default_text, facts, json_schema

_MADE = "<!-- `make docs` writes this page from {source}: change it there. -->\n"
_PAGE = re.compile(r"\bdocs/([\w-]+\.md)\b")
_OPTIONS = """\
Each option is a variable, a flag and a key of `rolecall.yml`. A flag wins over a variable, a
variable over the file, the file over the default. `rolecall config` shows what is set and where,
`rolecall config --all` every option, and `rolecall explain NAME` what stands here of one.

- An empty variable or key counts as not given; an empty flag is a mistake. Options that narrow the
  targets or guard something treat empty otherwise: their sections say how.
- A variable that begins with `ROLECALL_` and is not listed here is a mistake, and so is a flag that
  the command has no use for.
- `ROLECALL_CONFIG` or `--config` names a `rolecall.yml` elsewhere. `ROLECALL_TARGET_<NAME>` is the
  ARN of the target of that name; it has no flag or key. [Targets](targets.md) have a page of their
  own.
- Of AWS's own variables and files rolecall reads what every SDK reads: credentials and profiles,
  `AWS_REGION`, `AWS_ENDPOINT_URL`, proxies. `NO_COLOR` turns colours off.

| takes | which is |
|---|---|
"""
_COMMANDS = """\
`rolecall` alone is `rolecall run`, and so is `rolecall` with a flag first: in an image, a build or
a script. Typed at a terminal, without `CI` or `CODEBUILD_BUILD_ID`, it shows the plan and what to
type for it to be done, and ends with 3. Flags of the settings are on the page of
[options](options.md), what a command ends with is on the one of [exit codes](exit-codes.md).
`rolecall COMMAND --help` has in the terminal what a first pipeline needs, `--help-all` everything.
"""


def option_page() -> str:
    """Every option, with all the ways to give it."""
    entries = "\n".join(_option(option) for option in options())
    made = _MADE.format(source="src/rolecall/settings/options.py")
    kinds = "".join(f"| {name} | {form} |\n" for name, form in FORMS.items())
    return f"# Options\n\n{made}\n{_OPTIONS}{kinds}\n{_table()}\n{entries}"


def _table() -> str:
    """All options at a glance, each with its section."""
    lines = ["| variable | takes | default | says |", "|---|---|---|---|"]
    for option in options():
        default = f"`{default_text(option)}`" if default_text(option) else ""
        cells = f"[`{option.variable}`](#{option.key})", option.kind.name, default, _gist(option)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _gist(option: Option) -> str:
    """What an option's help says before it goes into details."""
    return _cell(re.split(r"[:;] ", option.help)[0])


def _option(option: Option) -> str:
    rows = facts(option).items()
    table = "| | |\n|---|---|\n" + "".join(f"| {name} | {fact} |\n" for name, fact in rows)
    text = _PAGE.sub(r"[docs/\1](../\1)", _cell(option.help))
    return f"## {option.name}\n\n{text}.\n\n{table}"


def command_page() -> str:
    """Every command, with the arguments that are its own."""
    entries = "\n".join(_command(n, c) for n, c in parser.made().commands().items())
    made = _MADE.format(source="src/rolecall/cli/parser.py")
    return f"# Commands\n\n{made}\n{_COMMANDS}\n{entries}"


def _command(name: str, command: Parser) -> str:
    said = [f"## rolecall {name}\n", f"{command.description}\n", f"```text\n{command.usage}\n```\n"]
    own = [a for a in command._actions if a.help != argparse.SUPPRESS]  # noqa: SLF001
    rows = [_argument(a) for a in own if a not in command.settings and a.dest != "help"]
    said.append("| argument | meaning |\n|---|---|\n" + "".join(rows))
    if command.settings:
        said.append("Beside these it takes every [option](options.md) as a flag.\n")
    return "\n".join(said)


def _argument(action: argparse.Action) -> str:
    value = action.metavar or (f"{{{','.join(action.choices)}}}" if action.choices else "")
    shown = [f"{flag} {value}".strip() for flag in action.option_strings] or [str(value)]
    words = ", ".join(f"`{word}`" for word in shown).replace("|", "\\|")
    return f"| {words} | {_cell(action.help or '')} |\n"


def schema_page(title: str, schema: Mapping[str, Any], *, source: str, link: str) -> str:
    """A JSON schema in tables, one for the document and one for each kind of part in it."""
    made = _MADE.format(source=source)
    said = [
        f"# {title}\n",
        made,
        f"{schema['description'].rstrip('.')}. The schema itself: [{source}]({link}).\n",
    ]
    said.append(_fields(schema))
    for name, part in schema.get("$defs", {}).items():
        if "properties" in part:
            said.append(f"## {name}\n\n{_fields(part)}")
    return "\n".join(said)


def _fields(schema: Mapping[str, Any]) -> str:
    return "| field | type | meaning |\n|---|---|---|\n" + "".join(_rows(schema, ""))


def _rows(schema: Mapping[str, Any], before: str) -> Iterator[str]:
    needed = schema.get("required", ())
    for name, field in schema["properties"].items():
        meaning = _cell(field.get("description", ""))
        optional = "" if name in needed or not needed else " *(may be missing)*"
        yield f"| `{before}{name}` | {_type(field)} | {meaning}{optional} |\n"
        inner = field.get("items", {}) if field.get("type") == "array" else field
        if "properties" in inner:
            yield from _rows(inner, f"{before}{name}{'[]' if inner is not field else ''}.")


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return _SIMPLE.get(name, f"[{name}](#{name})")
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(part) for part in field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array" and field.get("items"):
        return f"list of {_type(field['items'])}"
    types = field.get("type", "anything")
    return " or ".join([types] if isinstance(types, str) else types)


# Parts that are no object: in a word what they are.
_SIMPLE = {
    "texts": "list of string",
    "words": "list of string",
    "count": "integer",
    "status": "`succeeded`, `failed`, `not assumed`, `not run`",
}


def settings_page() -> str:
    """The keys of `rolecall.yml`, and those of a target in it."""
    schema = json_schema()
    made = _MADE.format(source="src/rolecall/settings/options.py")
    target = next(
        part["items"]
        for part in schema["properties"]["targets"]["anyOf"]
        if part.get("type") == "array"
    )
    mapping = next(part for part in target["anyOf"] if "properties" in part)
    keys = "".join(
        f"| `{option.key}` | {option.kind.name} | [{option.name}](options.md#{option.key}) |\n"
        for option in options()
    )
    own = "".join(
        f"| `{name}` | {_OF_TARGET.get(name, f'as [{name}](options.md#{name}) of all targets')} |\n"
        for name in mapping["properties"]
    )
    return (
        f"# rolecall.yml\n\n{made}\n{_FILE}\n| key | takes | meaning |\n|---|---|---|\n{keys}\n"
        f"## A target\n\n{_TARGET}\n| key | meaning |\n|---|---|\n{own}"
    )


_FILE = """\
The file is read from the working folder, or from where `ROLECALL_CONFIG` says. Every option may
stand in it under its key; nothing else may. A mistake is told with its line. Editors check it with
[docs/rolecall.schema.json](../rolecall.schema.json): in VS Code's YAML extension, for one, a first
line `# yaml-language-server: $schema=` with the path of that file.
"""
_TARGET = "`targets` may be a list of these, or a mapping of names to them or to role ARNs.\n"
_OF_TARGET = {
    "name": "Its name; by default its account id",
    "role_arn": "The role's ARN",
    "account": "In place of `role_arn`: the account id, for the role of [ROLE](options.md#role)",
    "variables": "A mapping of variables that its commands see",
    "wave": "The wave it is deployed in, 1 to 1000: see [Many accounts](../fanout.md)",
}


def _cell(text: str) -> str:
    """A help text as a cell of a table, with what Markdown would take for its own left as it is."""
    return text.replace("%%", "%").replace("|", "\\|").replace("<", "&lt;")
