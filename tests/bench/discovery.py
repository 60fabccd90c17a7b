"""Thousands of accounts of an organisation, planned; beside a bare client that makes the calls."""

import http.client
import json
from collections.abc import Iterator
from itertools import chain
from time import perf_counter
from urllib.parse import urlsplit

from tests.bench.measure import Row, Sample, child, interleaved
from tests.bench.place import ROLE, Place, served

_MOST_MORE = 20
_TEAMS = 200
_ORGANIZATIONS = "AWSOrganizationsV20161128"


def rows(place: Place) -> list[Row]:
    """Both in turns: the simulator answers a client that does nothing else as fast as it can."""
    count = place.scale.many_targets
    wishes = {
        "discovered": {"exclude": ["account 00001"]},
        "discovered in units": {"units": [f"Division {number}" for number in range(10)]},
        "discovered by tag": {"tags": {"stage": "*"}},
    }
    found = []
    options = ["--accounts", str(count), "--teams", str(_TEAMS)]
    with served("support.organizations", *options) as url:
        for name, wish in wishes.items():
            best = interleaved(
                {
                    "rolecall": lambda wish=wish: _plan(place, url, wish),
                    "bare": lambda wish=wish: _bare(url, wish),
                },
                place.scale.repeats,
            )
            ours, bare = best["rolecall"].seconds, best["bare"].seconds
            found.append(
                Row(
                    name=f"{count:,} accounts {name}: rolecall plan --read / a bare client",
                    left=f"{ours:.2f} s",
                    right=f"{bare:.2f} s",
                    ratio=ours / bare,
                    bound=f"≤ {_MOST_MORE} s more",
                    kept=ours - bare <= _MOST_MORE,
                )
            )
    return found


def _plan(place: Place, url: str, wish: dict[str, object]) -> Sample:
    environ = {
        **place.rolecall(ORGANIZATION=json.dumps({"role_name": ROLE, **wish})),
        "AWS_ENDPOINT_URL_ORGANIZATIONS": url,
    }
    return child(["rolecall", "plan", "--read"], environ=environ, folder=place.folder)


def _bare(url: str, wish: dict[str, object]) -> Sample:
    begun = perf_counter()
    connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def pages(operation: str, key: str, **request: str) -> Iterator[dict[str, str]]:
        while True:
            headers = {"X-Amz-Target": f"{_ORGANIZATIONS}.{operation}"}
            connection.request("POST", "/", json.dumps(request), headers)
            answer = json.loads(connection.getresponse().read())
            yield from answer[key]
            if "NextToken" not in answer:
                return
            request["NextToken"] = answer["NextToken"]

    def walk(unit: str) -> Iterator[dict[str, str]]:
        within = list(
            pages("ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=unit)
        )
        own = list(pages("ListAccountsForParent", "Accounts", ParentId=unit))
        return chain(own, *(walk(child["Id"]) for child in within))

    if "units" in wish:
        accounts = list(walk(next(pages("ListRoots", "Roots"))["Id"]))
    else:
        accounts = list(pages("ListAccounts", "Accounts"))
    if "tags" in wish:
        for account in accounts:
            list(pages("ListTagsForResource", "Tags", ResourceId=account["Id"]))
    connection.close()
    return Sample(seconds=perf_counter() - begun, cpu_seconds=0, peak_mb=0, stderr="")
