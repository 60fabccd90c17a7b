"""What the demo leaves on purpose: the reports of its runs, and the way to go on."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path


def keep(report: Path, kept: Path) -> None:
    """As CodeBuild keeps an artifact, when the folder of the build goes."""
    shutil.rmtree(kept, ignore_errors=True)
    if report.is_dir():
        shutil.copytree(report, kept)


def tell(kept: Path) -> None:
    """Where the reports are, each in a folder of `kept`, and where the command is."""
    print("The reports of both runs are kept. Open them in a browser:")
    for page in sorted(kept.glob("*/report.html")):
        print(f"  {_near(page)}")
    if found := shutil.which("rolecall"):
        print(f"\nThe command is {_near(Path(found))}. To have it in this shell:")
        print(f'  export PATH={shlex.quote(str(Path(found).parent))}:"$PATH"\n')


def _near(path: Path) -> Path:
    """As short as it can be written here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
