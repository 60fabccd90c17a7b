"""The state's parts: document, digests, identity, lock and keeper, with a store of the test's."""

from __future__ import annotations

import errno
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.errors import AssumeError, InterruptedRunError, StateError
from rolecall.logs import Log
from rolecall.settings.load import load
from rolecall.state import identity
from rolecall.state.folder import Folder
from rolecall.state.keeper import Keeper
from rolecall.state.lock import Held, take
from rolecall.state.model import Owner, State, Success, decoded, encoded
from rolecall.state.mounts import unshared
from rolecall.state.store import ConflictError, Found

ME = Owner(token="me", name="build 1", since=1.0, lease=60)
OTHER = Owner(token="other", name="build 2", since=1.0, lease=60)
DONE = Success(digest="d", at=2.0, by="build 1")
FRESH = State(run_id="r", shard="1/1", salt="s")


class Store:
    """A store in memory, whose time and failures the test sets."""

    def __init__(self, data=None, *, age=0.0, leased=True) -> None:
        self.where, self.leased, self.age = "memory", leased, age
        self.data, self.version, self.claimed = data, 0 if data else None, False
        self.failures, self.patience, self.writes = [], [], 0
        self.alive = False  # somebody else's claim
        self.gate = threading.Event()
        self.gate.set()

    def claim(self):
        self.claimed = not self.alive
        return self.claimed

    def release(self):
        self.claimed = False

    def read(self, *, patient=True):
        if self.data is None:
            return None
        return Found(data=self.data, version=str(self.version), age=self.age)

    def write(self, data, version, *, patient=True):
        self.gate.wait()
        self.patience.append(patient)
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        if version != (None if self.version is None else str(self.version)):
            taken = "which has taken the run over"
            raise ConflictError(f"memory was written by another process, {taken}")
        self.data, self.version = data, (self.version or 0) + 1
        self.writes += 1
        return str(self.version)

    def prove(self, data, version):
        assert (self.data, str(self.version)) == (data, version)

    def taken(self):
        return False

    def delete(self, *, held=False):
        self.data = self.version = None

    @property
    def state(self):
        return decoded(self.data, "memory")


def never(seconds):
    pytest.fail(f"slept {seconds} s")


def held(store, **more):
    return take(store, FRESH, ME, wait=0, sleep=never, **more)


TEXT = st.text(max_size=20)
SUCCESS = st.builds(Success, digest=TEXT, at=st.floats(0, 1e10), by=TEXT)


@given(
    st.builds(
        State,
        run_id=TEXT,
        shard=TEXT,
        salt=TEXT,
        owner=st.none()
        | st.builds(Owner, token=TEXT, name=TEXT, since=st.floats(0, 1e10), lease=st.floats(1, 9)),
        after=st.none() | SUCCESS,
        successes=st.dictionaries(st.tuples(TEXT, TEXT), SUCCESS, max_size=5),
    )
)
def test_a_document_holds_a_whole_state_and_no_two_are_alike(state):
    assert decoded(encoded(state), "x") == state
    assert encoded(state) != encoded(state)


@given(st.data())
def test_a_document_that_was_cut_off_anywhere_is_damaged(data):
    whole = encoded(replace(FRESH, owner=ME, successes={("a", "b"): DONE}))
    cut = whole[: data.draw(st.integers(0, len(whole) - 3))]
    with pytest.raises(StateError, match="is damaged"):
        decoded(cut, "x")


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["version", "owner", "after", "succeeded", "salt", "run_id", "shard"]), x
)))  # fmt: skip
def test_whatever_else_is_no_state_is_said_to_be_none(found):
    with pytest.raises(StateError):
        decoded(json.dumps(found).encode(), "x")


def test_a_free_state_is_taken_and_what_it_remembers_with_it():
    store = Store(encoded(replace(FRESH, successes={("a", "b"): DONE})))
    assert held(store).state.successes == {("a", "b"): DONE}
    assert (store.state.owner, store.claimed) == (ME, True)


@pytest.mark.parametrize(("age", "taken"), [(60.0, False), (60.1, True)])
def test_a_lease_keeps_others_out_for_as_long_as_it_lasts(age, taken):
    store = Store(encoded(replace(FRESH, owner=OTHER)), age=age)
    if taken:
        assert held(store).state.owner == ME
        return
    with pytest.raises(StateError, match="still held by build 2 since 1970-01-01 00:00:01 UTC"):
        held(store)
    assert not store.claimed or store.leased


def test_of_a_file_the_kernel_knows_whether_its_owner_lives_whatever_the_lease():
    store = Store(encoded(replace(FRESH, owner=OTHER)), leased=False)
    assert held(store).state.owner == ME
    store = Store(encoded(replace(FRESH, owner=OTHER)), age=9999, leased=False)
    store.alive = True
    with pytest.raises(StateError, match="still held by build 2"):
        held(store)


def test_one_who_waits_is_told_once_of_whom_and_has_it_when_it_is_let_go():
    store = Store(encoded(replace(FRESH, owner=OTHER)))
    slept, told = [], []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            store.data = encoded(FRESH)

    now = iter(range(100))
    found = take(
        store, FRESH, ME, wait=50, sleep=sleep, waiting=told.append, monotonic=lambda: next(now)
    )
    assert (found.state.owner, told, len(slept)) == (ME, [OTHER], 3)


def test_one_who_has_waited_long_enough_is_refused():
    store = Store(encoded(replace(FRESH, owner=OTHER)))
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds

    with pytest.raises(StateError, match=r"after 5\.0 s of waiting"):
        take(store, FRESH, ME, wait=5, sleep=sleep, monotonic=lambda: now[0])
    assert now[0] == 5


def test_where_two_find_it_free_the_slower_one_waits():
    store = Store(encoded(FRESH))
    store.failures = [ConflictError("memory was written by another process")]
    with pytest.raises(StateError, match="still held by another process"):
        held(store)


def test_a_success_is_written_when_the_keeper_returns():
    store = Store()
    keeper = Keeper(store, held(store))
    assert keeper.change(lambda state: replace(state, successes={("a", "b"): DONE}))
    assert store.state.successes == {("a", "b"): DONE}
    keeper.close()
    assert (store.state.owner, store.claimed) == (None, False)


def test_what_comes_while_it_writes_goes_together_in_one_more_write():
    store = Store()
    keeper = Keeper(store, held(store))
    store.gate.clear()

    def add(name):
        keeper.change(lambda state: replace(state, successes={**state.successes, (name, ""): DONE}))

    threads = [threading.Thread(target=add, args=(f"t{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    while len(keeper.state.successes) < 20:
        pass
    store.gate.set()
    for thread in threads:
        thread.join()
    assert len(store.state.successes) == 20
    assert store.writes <= 3
    keeper.close()


def test_what_could_not_be_written_is_said_and_goes_along_with_the_next():
    store = Store(leased=False)
    keeper = Keeper(store, held(store))
    store.failures = [StateError("the disk is full", "empty it")]
    assert not keeper.change(lambda state: replace(state, successes={("a", ""): DONE}))
    assert keeper.lost() == ""
    assert keeper.change(
        lambda state: replace(state, successes={**state.successes, ("b", ""): DONE})
    )
    assert set(store.state.successes) == {("a", ""), ("b", "")}
    assert store.patience[-2:] == [True, False], "once it fails nobody waits long for it"
    keeper.close()


def test_an_error_of_any_kind_leaves_nobody_waiting():
    store = Store()
    keeper = Keeper(store, held(store))
    store.failures = [RuntimeError("what is this")]
    assert not keeper.change(lambda state: state)
    keeper.close()


def test_a_source_that_fails_is_told_as_why_a_state_was_not_written(monkeypatch):
    said = []
    monkeypatch.setattr(Log, "warning", lambda self, event, **details: said.append(details))
    store = Store()
    keeper = Keeper(store, held(store))
    store.failures = [AssumeError("NoCredentials", "they have run out", "sign in again")]
    assert not keeper.change(lambda state: replace(state, after=DONE))
    assert said == [{"reason": f"{store.where} cannot be written: they have run out"}]
    assert keeper.change(lambda state: state)
    keeper.close()


def test_a_failure_that_cannot_even_be_said_leaves_nobody_waiting(monkeypatch):
    def full(*args, **details):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Log, "warning", full)
    store = Store()
    keeper = Keeper(store, held(store))
    store.failures = [StateError("the disk is full", "empty it")]
    assert not keeper.change(lambda state: replace(state, successes={("a", ""): DONE}))
    assert keeper.change(lambda state: state)
    assert store.state.successes == {("a", ""): DONE}
    keeper.close()


def test_a_write_that_is_interrupted_is_tried_once_more_at_once():
    store = Store()
    keeper = Keeper(store, held(store))
    store.failures = [InterruptedRunError(15)]
    assert keeper.change(lambda state: replace(state, after=DONE))
    assert store.patience[-2:] == [True, False]
    keeper.close()


def test_one_whom_another_took_over_has_lost_it_and_writes_nothing_more():
    store = Store()
    keeper = Keeper(store, held(store))
    theirs = encoded(replace(FRESH, owner=OTHER))
    store.data, store.version = theirs, 77
    assert not keeper.change(lambda state: replace(state, after=DONE))
    assert keeper.lost() == "memory was written by another process, which has taken the run over"
    writes = store.writes
    keeper.close()
    assert (store.data, store.writes) == (theirs, writes)


def test_a_lease_that_was_not_renewed_in_time_is_lost_for_good():
    store, now = Store(), [0.0]
    mine = held(store, monotonic=lambda: now[0])
    keeper = Keeper(store, mine, monotonic=lambda: now[0])
    now[0] = 53.0
    assert keeper.lost() == ""
    now[0] = 55.0
    assert "was not renewed for 55 s" in keeper.lost()
    assert keeper.change(lambda state: replace(state, after=DONE)), "nobody was there, so it counts"
    assert keeper.lost()
    keeper.close()


def test_life_is_shown_again_and_again(monkeypatch):
    store = Store()
    owner = replace(ME, lease=0.05)
    keeper = Keeper(store, take(store, FRESH, owner, wait=0, sleep=never))
    before = store.writes
    while store.writes < before + 5:
        pass
    assert store.state.owner == owner
    keeper.close()


def test_a_file_s_owner_need_not_show_life():
    store = Store(leased=False)
    mine = Held(state=replace(FRESH, owner=ME), version="0", at=-1e9)
    keeper = Keeper(store, mine)
    assert keeper.lost() == ""
    keeper.close()


def known(environ=(), **options):
    variables = {f"ROLECALL_{name}": value for name, value in options.items()}
    loaded = load(environ=variables, flags={}, folder=Path("/nonexistent"))
    assert loaded.problems == ()
    return identity.identity(loaded, dict(environ), dict(environ)).run_id


EXECUTION = {"EXECUTION_ID": "1f0e-77", "TARGETS": "arn:aws:iam::222222222222:role/a"}


def test_a_run_is_known_by_its_id_else_by_its_execution_else_not_at_all():
    assert known(RUN_ID="r", **EXECUTION) == "r"
    assert known(**EXECUTION).startswith("1f0e-77-")
    assert known(TARGETS=EXECUTION["TARGETS"]) == ""
    assert known({"CODEBUILD_BUILD_ID": "deploy:1"}) == ""


@pytest.mark.parametrize(
    ("environ", "same"),
    [
        ({"CODEBUILD_BUILD_ID": "deploy:2"}, True),
        ({"CODEBUILD_BUILD_ID": "other:1"}, False),
        ({"CODEBUILD_INITIATOR": "codepipeline/other"}, False),
        ({"CODEBUILD_BATCH_BUILD_IDENTIFIER": "target_2"}, False),
        ({"CODEBUILD_BUILD_NUMBER": "7"}, True),
    ],
)
def test_an_action_is_known_by_project_pipeline_and_place_in_its_batch(environ, same):
    usual = {"CODEBUILD_BUILD_ID": "deploy:1", "CODEBUILD_INITIATOR": "codepipeline/site"}
    assert (known({**usual, **environ}, **EXECUTION) == known(usual, **EXECUTION)) is same


def test_who_started_a_build_that_is_no_pipeline_s_makes_no_difference():
    sessions = ({"CODEBUILD_INITIATOR": f"fleet-role/{n}"} for n in (1, 2))
    assert len({known(environ, **EXECUTION) for environ in sessions}) == 1


@pytest.mark.parametrize(
    ("more", "same"),
    [
        ({"ONLY": "x"}, False),
        ({"COMMANDS": "make"}, False),
        ({"REGIONS": "eu-west-1"}, False),
        ({"TARGET_X": "arn:aws:iam::222222222222:role/b"}, False),
        ({"LOG_LEVEL": "debug"}, True),
        ({"SHARD": "1/2"}, True),
    ],
)
def test_actions_of_one_execution_are_told_apart_by_what_is_asked_of_them(more, same):
    assert (known(**EXECUTION, **more) == known(**EXECUTION)) is same


@pytest.mark.parametrize("wrong", ["..", ".", "a/b", "a b", "x" * 129])
def test_an_id_that_could_be_a_path_is_refused(wrong):
    loaded = load(environ={"ROLECALL_RUN_ID": wrong}, flags={}, folder=Path("/nonexistent"))
    assert loaded.problems[0].place == "ROLECALL_RUN_ID"


def test_a_build_is_known_by_its_id_and_a_process_by_its_number():
    assert identity.owner_name({"CODEBUILD_BUILD_ID": "a:b"}, host="h", process=1) == "a:b"
    assert identity.owner_name({}, host="h", process=1) == "process 1 on h"


def test_a_lock_file_that_was_removed_meanwhile_is_no_lock(tmp_path):
    store = Folder(tmp_path).store("r", "1/1")
    assert store.claim()
    store.write(encoded(FRESH), None)
    store.delete()
    other = Folder(tmp_path).store("r", "1/1")
    assert other.claim(), "the first holds a lock that nobody can find"
    other.release()
    store.release()


def claimed(path):
    store = Folder(path).store("r", "1/1")
    assert store.claim()
    return store, store.write(encoded(FRESH), None)


def test_a_file_system_that_locks_and_keeps_what_is_written_is_one_for_a_state(tmp_path):
    store, version = claimed(tmp_path)
    with pytest.raises(StateError, match="does not hold what was just written"):
        store.prove(encoded(FRESH), version)
    data = encoded(FRESH)
    store.prove(data, store.write(data, version))
    assert not Folder(tmp_path).store("r", "1/1").claim(), "it is held all the same"
    store.release()


def test_a_file_system_whose_locks_hold_nobody_out_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fcntl.flock", lambda *_: None)
    store = Folder(tmp_path).store("r", "1/1")
    with pytest.raises(StateError, match=r"was locked twice: locks do nothing") as raised:
        take(store, FRESH, ME, wait=0, sleep=never)
    assert "or s3://bucket/prefix" in raised.value.remedy


MOUNTS = r"""22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:40 / /mnt/efs rw shared:2 - nfs4 fs-1:/ rw,vers=4.1,local_lock=none,addr=10.0.0.1
31 22 0:41 / /mnt/own rw shared:3 - nfs host:/x rw,vers=3,nolock,local_lock=all
32 22 0:42 / /mnt/s3 rw shared:4 - fuse.s3fs s3fs rw,user_id=0
33 22 0:43 / /mnt/a\040b rw shared:5 - fuse mountpoint-s3 ro
34 22 0:44 / /mnt/desktop rw shared:6 - fuse.grpcfuse grpcfuse rw
35 31 0:45 / /mnt/own/disk rw shared:7 - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/var/state", ""),
        ("/mnt/efs/state", ""),
        ("/mnt/own/state", "nfs with locks of its own on each machine"),
        ("/mnt/own/disk/state", ""),
        ("/mnt/s3", "s3fs, a bucket"),
        ("/mnt/a b/state", "mountpoint-s3, a bucket"),
        ("/mnt/desktop/state", ""),
    ],
)
def test_locks_that_are_known_to_hold_on_one_machine_only_are_told(tmp_path, path, told):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert unshared(Path(path), mounts).startswith(told)
    assert bool(unshared(Path(path), mounts)) is bool(told)
    assert unshared(Path(path), tmp_path / "none") == ""


def test_two_in_a_folder_exclude_each_other_and_what_was_killed_is_tidied_up(tmp_path):
    first, second = (Folder(tmp_path).store("r", "2/4") for _ in range(2))
    assert first.claim()
    assert not second.claim()
    first.write(encoded(FRESH), None)
    left = tmp_path / "r" / ".2-of-4.json.0123"
    left.write_text("half a")
    first.release()
    assert second.claim()
    assert not left.exists()
    second.release()
    assert [store.where for store in Folder(tmp_path).stores()] == [first.where]
    assert list(Folder(tmp_path / "none").stores()) == []
