"""One thread that waits for many times."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from queue import SimpleQueue

from rolecall.sessions.alarms import Alarms


def test_they_ring_in_the_order_of_their_times_whenever_they_were_set():
    alarms, rung = Alarms(), SimpleQueue[str]()
    now = time.monotonic()
    alarms.set(now + 0.2, lambda: rung.put("later"))
    alarms.set(now + 0.05, lambda: rung.put("sooner"))
    alarms.set(now - 1, lambda: rung.put("at once"))
    assert [rung.get(timeout=10) for _ in range(3)] == ["at once", "sooner", "later"]
    assert time.monotonic() >= now + 0.2


def test_one_that_is_off_does_not_ring_and_holds_nothing():
    class Session:
        pass

    alarms, rung, session = Alarms(), SimpleQueue[str](), Session()
    held = weakref.ref(session)
    soon = time.monotonic() + 1
    alarm = alarms.set(soon, lambda session=session: rung.put("off"))
    alarms.set(soon + 0.1, lambda: rung.put("on"))
    alarm.off()
    del session
    gc.collect()
    assert held() is None
    assert rung.get(timeout=10) == "on"


def test_a_thousand_wait_in_one_thread():
    before, alarms, rung = threading.active_count(), Alarms(), SimpleQueue[int]()
    at = time.monotonic() + 0.2
    for number in range(1000):
        alarms.set(at, lambda number=number: rung.put(number))
    assert threading.active_count() <= before + 1
    assert {rung.get(timeout=10) for _ in range(1000)} == set(range(1000))


def test_one_that_goes_wrong_is_told_and_the_others_ring_all_the_same(monkeypatch):
    alarms, rung, told = Alarms(), SimpleQueue[str](), SimpleQueue[threading.ExceptHookArgs]()
    monkeypatch.setattr(threading, "excepthook", told.put)
    now = time.monotonic()
    alarms.set(now, lambda: rung.put(str(1 / 0)))
    alarms.set(now + 0.1, lambda: rung.put("on"))
    assert rung.get(timeout=10) == "on"
    assert told.get(timeout=10).exc_type is ZeroDivisionError
