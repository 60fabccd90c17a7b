"""Compiles the template of report.html into the wheel: at the end of a run that takes 40 ms."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BESIDE = "rolecall/report/template"


class CompiledTemplates(BuildHookInterface[Any]):
    """Nothing is compiled for an editable installation, whose template may change."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "src"))
        from rolecall.report import page  # noqa: PLC0415  found only now

        self._folder = tempfile.TemporaryDirectory()
        compiled = page.compile_into(Path(self._folder.name))
        build_data["force_include"][str(compiled)] = f"{_BESIDE}/{compiled.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._folder.cleanup()
