"""What the demo's pipeline deploys, and the variables that its stage sets."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accounts import RELEASE_PARAMETER, Target

REPORT = "report"
_SITE = Path(__file__).with_name("site")


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a pipeline deploys: a folder with a site, and the release's number."""

    folder: Path
    number: int

    def write(self) -> None:
        """Puts this release's site into the folder."""
        site = shutil.copytree(_SITE, self.folder / "site", dirs_exist_ok=True)
        page = site / "index.html"
        text = page.read_text("utf-8").replace("release 1", f"release {self.number}")
        page.write_text(text, "utf-8")

    def files(self) -> dict[str, bytes]:
        site = self.folder / "site"
        return {path.name: path.read_bytes() for path in sorted(site.iterdir())}

    def parameter(self, target: str) -> str:
        return f"release {self.number} in {target}"

    def variables(self, targets: Sequence[Target]) -> dict[str, str]:
        """What the pipeline's stage sets for rolecall."""
        commands = f"""\
            - aws sts get-caller-identity --query Arn --output text
            - aws s3 sync site s3://site-$ROLECALL_TARGET-$ROLECALL_ACCOUNT_ID --no-progress
            - aws ssm put-parameter --name {RELEASE_PARAMETER} --type String --overwrite
              --value "{self.parameter("$ROLECALL_TARGET")}"
            """
        return {
            "ROLECALL_TARGETS": "\n".join(f"{each.name}={each.role_arn}" for each in targets),
            "ROLECALL_COMMANDS": textwrap.dedent(commands).strip(),
            "ROLECALL_REPORT_DIR": REPORT,
        }
