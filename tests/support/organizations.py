"""An AWS Organizations of the tests' own: real HTTP on loopback, as many accounts as wanted.

moto gives random account ids, never throttles, and is slow with thousands. Ten divisions at the
top hold teams, and the teams hold the accounts; pages are as small as AWS's.
`python -m support.organizations --accounts 10000` prints its address and serves until it is ended.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from support.answers import Answer
from support.sts import Handler, Served

MANAGEMENT = "111111111111"
ROOT = "r-ab12"
DIVISIONS = 10
PAGE = 20
_FIRST = 100_000_000_001


class _OrganizationsHandler(Handler):
    def do_POST(self) -> None:  # noqa: N802  http.server looks for it
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner: ScriptedOrganizations = self.server.owner
        answer = owner.take(operation, request)
        status, body = 200, answer.body
        if answer.code:
            status = answer.status
            body = json.dumps({"__type": answer.code, "message": answer.message})
        elif not body:
            body = json.dumps(owner.answer(operation, request))
        self.reply(status, body, date=datetime.now(UTC))


class ScriptedOrganizations(Served):
    """Answers truly, save where `script` or `always` say otherwise.

    Args:
        accounts: how many, the management account aside. teams: how many units hold them.

    Attributes:
        calls: each operation, with its request.
    """

    handler = _OrganizationsHandler

    def __init__(self, *, accounts: int = 30, teams: int = 10, port: int = 0) -> None:
        self.calls: list[tuple[str, dict[str, str]]] = []
        self._scripts: dict[str, list[Answer]] = defaultdict(list)
        self._always: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self._units: dict[str, list[dict[str, str]]] = {ROOT: []}
        self._within: dict[str, list[dict[str, Any]]] = {ROOT: [_account(MANAGEMENT, "hub")]}
        for number in range(DIVISIONS):
            self._unit(ROOT, f"ou-ab12-division{number}", f"Division {number}")
        for number in range(teams):
            division = f"ou-ab12-division{number % DIVISIONS}"
            self._unit(division, team(number), f"Team {number}")
        for number in range(accounts):
            account = _account(f"{_FIRST + number}", f"account {number:05}")
            self._within[team(number % teams)].append(account)
        super().__init__(port)

    def script(self, operation: str, *answers: Answer) -> None:
        """The next calls of this operation get these answers, in turn."""
        with self._lock:
            self._scripts[operation] += answers

    def always(self, operation: str, answer: Answer) -> None:
        """Calls of this operation get this answer, once scripts are empty."""
        with self._lock:
            self._always[operation] = answer

    def counts(self) -> dict[str, int]:
        """How often each operation was called."""
        found: dict[str, int] = defaultdict(int)
        for operation, _ in self.calls:
            found[operation] += 1
        return dict(found)

    def take(self, operation: str, request: dict[str, str]) -> Answer:
        with self._lock:
            self.calls.append((operation, request))
            if self._scripts[operation]:
                return self._scripts[operation].pop(0)
        parent = request.get("ParentId", ROOT)
        if parent not in self._units:
            return Answer(code="ParentNotFoundException", message=f"no {parent}")
        return self._always.get(operation, Answer())

    def answer(self, operation: str, request: dict[str, str]) -> dict[str, Any]:
        if operation == "ListRoots":
            return {"Roots": [{"Id": ROOT, "Name": "Root"}]}
        if operation == "ListTagsForResource":
            stage = "prod" if int(request["ResourceId"]) % 2 else "dev"
            return {"Tags": [{"Key": "stage", "Value": stage}]}
        if operation == "ListOrganizationalUnitsForParent":
            return _page("OrganizationalUnits", self._units[request["ParentId"]], request)
        if operation == "ListAccountsForParent":
            return _page("Accounts", self._within[request["ParentId"]], request)
        if operation == "ListAccounts":
            return _page("Accounts", self._all, request)
        raise NotImplementedError(operation)

    @property
    def _all(self) -> list[dict[str, Any]]:
        if not hasattr(self, "_listed"):
            self._listed = [account for within in self._within.values() for account in within]
        return self._listed

    def _unit(self, parent: str, unit_id: str, name: str) -> None:
        self._units[parent].append({"Id": unit_id, "Name": name})
        self._units[unit_id], self._within[unit_id] = [], []


def team(number: int) -> str:
    """The id of a team's unit."""
    return f"ou-ab12-team{number:06}"


def _account(account_id: str, name: str) -> dict[str, Any]:
    return {
        "Id": account_id,
        "Arn": f"arn:aws:organizations::{MANAGEMENT}:account/o-a1b2c3d4e5/{account_id}",
        "Name": name,
        "Email": f"{account_id}@example.com",
        "State": "SUSPENDED" if account_id.endswith("00") else "ACTIVE",
        "JoinedTimestamp": 1.6e9 + int(account_id) % 1000,
    }


def _page(key: str, items: list[Any], request: dict[str, str]) -> dict[str, Any]:
    begin = int(request.get("NextToken", 0))
    answer: dict[str, Any] = {key: items[begin : begin + PAGE]}
    if begin + PAGE < len(items):
        answer["NextToken"] = str(begin + PAGE)
    return answer


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=30)
    parser.add_argument("--teams", type=int, default=10)
    given = parser.parse_args()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with ScriptedOrganizations(accounts=given.accounts, teams=given.teams) as served:
        print(served.url, flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
