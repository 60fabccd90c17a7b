"""What is run in each target: what it does beside its work, its name tells."""

from __future__ import annotations

import random

from support.ledger import SCRIPT

# Each name's beginning is one of these.
KINDS = ("plain", "prints", "forks", "stubborn", "fails", "long")
_WORK = """
case $ROLECALL_TARGET in
  prints*)
    folder=$(dirname "$AWS_CONFIG_FILE")
    cat "$folder/session.json" >&2; cat "$folder"/*; env | sort
    while read -r line; do printf '%.40s' "$line"; sleep 0.01; printf '%s\\n' "${line:40}"; done \\
      <"$folder/session.json"; did prints;;
  forks*)
    setsid sleep 1 & (setsid bash -c 'sleep 0.5; env' &) ; did forks;;
  stubborn*) trap '' TERM; did stubborn; sleep 0.4;;
  fails*) if ((RANDOM % 3 == 0)); then did fails; exit 1; fi;;
  long*) sleep 2.2;;
esac
sleep 0.0$((RANDOM % 10))
"""
COMMANDS = 'did() { echo "$1" >>"$DEEDS"; }\n' + SCRIPT.format(work=_WORK.strip() + "\n:")


def names(chance: random.Random) -> list[str]:
    """A run's targets: every kind once, and some more, in any order."""
    kinds = [*KINDS, *chance.choices(KINDS, k=chance.randint(0, 4))]
    chance.shuffle(kinds)
    return [f"{kind}{number}" for number, kind in enumerate(kinds, 1)]


def targets(listed: list[str]) -> str:
    return " ".join(
        f"{name}=arn:aws:iam::{number:012}:role/deploy" for number, name in enumerate(listed, 1)
    )
