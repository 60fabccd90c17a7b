"""Looks for known vulnerabilities in locked dependencies, and passes only what it has looked up.

pip-audit ends with 0 also for packages that its service did not know; here each must have been
looked up. Exit code 0: looked up, nothing known; 1: something is known; 2: not looked up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_SERVICES = ("pypi", "osv")
_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What one service said of one file: lines for people."""

    vulnerable: Sequence[str] = ()
    skipped: Sequence[str] = ()


Ask = Callable[[str, Path], Audit]


def ask(service: str, locked: Path) -> Audit:
    """Asks a service about a lock file, with pip-audit."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"),
            *("--vulnerability-service", service, "--disable-pip", "--require-hashes"),
            *("--requirement", str(locked)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if not done.stdout.strip():
        lines = done.stderr.strip().splitlines() or ["no answer"]
        return Audit(skipped=[lines[-1]])
    return read(done.stdout)


def read(text: str) -> Audit:
    """pip-audit's JSON."""
    found = json.loads(text)["dependencies"]
    return Audit(
        vulnerable=[
            f"{each['name']} {each['version']}: {known['id']}, mended in"
            f" {', '.join(known['fix_versions']) or 'no version yet'}"
            for each in found
            for known in each.get("vulns", ())
        ],
        skipped=[each["skip_reason"] for each in found if "skip_reason" in each],
    )


def audit(locked: Sequence[Path], ask: Ask = ask) -> int:
    """Asks one service after the other until one knows every package; returns the exit code."""
    reasons = []
    for service in _SERVICES:
        answers = [ask(service, each) for each in locked]
        vulnerable = [line for answer in answers for line in answer.vulnerable]
        skipped = [line for answer in answers for line in answer.skipped]
        if vulnerable:
            print("\n".join(dict.fromkeys(vulnerable)))
            return 1
        if not skipped:
            names = ", ".join(str(each) for each in locked)
            print(f"audit: nothing known against {names} (asked {service})")
            return 0
        reasons.append(f"  {service}: {skipped[0]}")
    print("audit: NOT DONE, no advisory service answered for every package")
    print("\n".join(reasons))
    return 2


def main() -> int:
    """Audits the files named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("locked", nargs="+", type=Path)
    parser.add_argument(
        "--if-reachable", action="store_true", help="end with 0 where no service is reached"
    )
    given = parser.parse_args()
    code = audit(given.locked)
    return 0 if code == 2 and given.if_reachable else code  # noqa: PLR2004  documented above


if __name__ == "__main__":
    sys.exit(main())
