"""A session that is kept fresh, whatever a renewal meets."""

from __future__ import annotations

import errno
import time
from queue import SimpleQueue

import pytest

from rolecall.secret import Secret
from rolecall.sessions.alarms import Alarms
from rolecall.sessions.refresher import Refresher
from rolecall.sessions.session import Credentials, Session


def session(lifetime):
    keys = Credentials(
        access_key_id=Secret("ASIA0000000000000000"),
        secret_access_key=Secret("secret"),
        session_token=Secret("token"),
    )
    return Session(
        account_id="222222222222",
        assumed_role_arn="arn:aws:sts::222222222222:assumed-role/deploy/build",
        credentials=keys,
        lifetime=lifetime,
        deadline=time.monotonic() + lifetime,
    )


@pytest.mark.parametrize(
    "scarce",
    [MemoryError(), OSError(errno.EMFILE, "Too many open files")],
    ids=["memory", "descriptors"],
)
def test_a_renewal_for_which_the_machine_has_nothing_left_is_tried_again(scarce):
    found, used = [scarce, session(3600)], SimpleQueue[Session]()

    def assume(sleep):
        answer = found.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with Refresher(session(1), assume=assume, use=used.put, name="dev", alarms=Alarms()):
        assert used.get(timeout=10).lifetime == 3600
