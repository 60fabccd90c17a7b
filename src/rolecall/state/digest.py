"""What a success counts for: the same thing done to the same target in the same way."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rolecall.approval.record import commands_record, target_record
from rolecall.settings import Settings
from rolecall.state.lasting import Lasting
from rolecall.state.model import Key, State, Success
from rolecall.targets import Target

# Where a target stands among all, and what it is called by, changes nothing of what is done to it.
_NOT_OF_ONE_REGION = ("regions", "wave", "variables")


class Digests:
    """Digests under one state's salt, since variables and commands may hold secrets.

    Args:
        met: what commands meet.
    """

    def __init__(self, settings: Settings, *, met: Lasting, salt: str) -> None:
        self._settings, self._salt = settings, salt
        self._for_all = {
            "shell": settings.shell,
            # What is deployed may be made there.
            "before": commands_record(settings.before),
            "inherited": self._hidden(met.variables),
            "source": self._hidden(met.source),
        }

    def of(self, target: Target, region: str) -> str:
        """Of what is done to a target in a region."""
        found = target_record(target, self._salt)
        return self._digest(
            {
                "commands": commands_record(self._settings.commands),
                "target": {k: v for k, v in found.items() if k not in _NOT_OF_ONE_REGION},
                "variables": target.variables_in(region),
                "region": region,
            }
        )

    def of_after(self) -> str:
        """Of the commands after the last target."""
        return self._digest({"after": commands_record(self._settings.after)})

    def _digest(self, data: Mapping[str, Any]) -> str:
        return self._hidden({**data, **self._for_all})[:32]

    def _hidden(self, data: Mapping[str, Any]) -> str:
        text = json.dumps(data, sort_keys=True)
        return hmac.digest(self._salt.encode(), text.encode(errors="replace"), "sha256").hex()


def counting(
    state: State, settings: Settings, targets: Sequence[Target], met: Lasting
) -> dict[Key, Success]:
    """The successes of these targets that still count."""
    digests = Digests(settings, met=met, salt=state.salt)
    found = {}
    for target in targets:
        for region in target.regions:
            key = (target.name, region)
            success = state.successes.get(key)
            if success and success.digest == digests.of(target, region):
                found[key] = success
    return found
