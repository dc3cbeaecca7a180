from __future__ import annotations

import multiprocessing
import os
import stat
import threading

import pytest

from flowsite.aep.throttle import LONGEST_PENALTY_S, Bucket, HostThrottle, MemoryThrottle, Rate

from .peer import FakeClock


def make(kind: str, tmp_path, clock: FakeClock, **options):
    options = {"rate_per_s": 10, "burst": 3, "clock": clock, **options}
    if kind == "memory":
        return MemoryThrottle(**options)
    return HostThrottle(tmp_path / "throttle", key="ACME@AdobeOrg", **options)


@pytest.fixture(params=["memory", "host"])
def throttle(request, tmp_path):
    clock = FakeClock()
    made = make(request.param, tmp_path, clock)
    made.clock = clock
    return made


def waits(throttle, count, longest_s=100.0):
    return [round(throttle.reserve(longest_s), 3) for _ in range(count)]


def test_a_burst_then_the_rate(throttle):
    assert waits(throttle, 6) == [0, 0, 0, 0.1, 0.2, 0.3]


def test_the_bucket_fills_again(throttle):
    waits(throttle, 3)

    throttle.clock.now += 0.2

    assert waits(throttle, 3) == [0, 0, 0.1]


def test_it_holds_no_more_than_the_burst(throttle):
    throttle.clock.now += 1000

    assert waits(throttle, 4) == [0, 0, 0, 0.1]


def test_a_slot_that_is_too_far_is_not_taken(throttle):
    waits(throttle, 5)

    assert waits(throttle, 2, longest_s=0.1) == [0.3, 0.3]
    assert waits(throttle, 1) == [0.3]


def test_a_penalty_holds_everybody_and_empties_the_bucket(throttle):
    throttle.penalise(5)

    # After that one by one, at half the rate.
    assert waits(throttle, 3) == [5, 5.2, 5.4]


def test_penalties_slow_down_once_per_second(throttle):
    for _ in range(10):
        throttle.penalise(1)

    assert waits(throttle, 2) == [1, 1.2]


def test_repeated_penalties_slow_down_more(throttle):
    for _ in range(3):
        throttle.penalise(1)
        throttle.clock.now += 2

    throttle.clock.now += 7  # everything reserved is over, the lesson is not
    waits(throttle, 3)
    assert waits(throttle, 2) == [0.8, 1.6]


def test_the_rate_comes_back(throttle):
    throttle.penalise(1)

    throttle.clock.now += 60

    assert waits(throttle, 5) == [0, 0, 0, 0.1, 0.2]


def test_a_short_penalty_does_not_shorten_a_long_one(throttle):
    throttle.penalise(50)
    throttle.penalise(1)

    assert waits(throttle, 1) == [50]


def test_a_penalty_is_bounded(throttle):
    throttle.penalise(10**9)

    assert waits(throttle, 1, longest_s=10**9) == [LONGEST_PENALTY_S]


def test_organisations_do_not_wait_for_each_other(tmp_path):
    clock = FakeClock()
    HostThrottle(tmp_path, key="A", clock=clock).penalise(60)

    assert HostThrottle(tmp_path, key="B", clock=clock).reserve(100) == 0


def test_two_objects_share_one_bucket(tmp_path):
    clock = FakeClock()
    one, two = (make("host", tmp_path, clock) for _ in range(2))

    assert [waits(one, 2), waits(two, 2)] == [[0, 0], [0, 0.1]]
    one.penalise(9)
    assert waits(two, 1) == [9]


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\xff" * 32, os.urandom(32), b"\x00" * 100],
    ids=["empty", "short", "not numbers", "noise", "zeros"],
)
def test_a_damaged_file_is_a_fresh_bucket(tmp_path, content):
    throttle = make("host", tmp_path, FakeClock())
    waits(throttle, 9)
    file = next((tmp_path / "throttle").iterdir())
    file.write_bytes(content)

    assert waits(throttle, 3) == [0, 0, 0]


def test_a_file_from_before_a_reboot_is_a_fresh_bucket(tmp_path):
    clock = FakeClock()
    clock.now = 9_000_000
    throttle = make("host", tmp_path, clock)
    throttle.penalise(100)
    clock.now = 5  # the monotonic clock starts anew

    assert waits(throttle, 3) == [0, 0, 0]


def test_the_file_is_private_and_named_without_the_organisation(tmp_path):
    make("host", tmp_path, FakeClock()).reserve(1)

    folder = tmp_path / "throttle"
    file = next(folder.iterdir())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "ACME" not in file.name


def test_without_a_usable_file_it_still_throttles(tmp_path):
    (tmp_path / "throttle").write_text("in the way")
    throttle = make("host", tmp_path, FakeClock())

    assert waits(throttle, 4) == [0, 0, 0, 0.1]
    throttle.penalise(3)
    assert waits(throttle, 1) == [3]


def test_threads_get_different_slots(tmp_path):
    throttle = make("host", tmp_path, FakeClock(), burst=1)
    found: list[float] = []

    def take():
        found.extend(waits(throttle, 50))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [round(n / 10, 3) for n in range(200)]


def _take(folder, count, queue):
    clock = FakeClock()
    throttle = HostThrottle(folder, key="A", rate_per_s=10, burst=1, clock=clock)
    queue.put([round(throttle.reserve(1000), 3) for _ in range(count)])


def test_processes_get_different_slots(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_take, args=(tmp_path, 100, queue)) for _ in range(2)]
    for process in processes:
        process.start()

    found = sorted(queue.get(timeout=30) + queue.get(timeout=30))

    for process in processes:
        process.join()
    assert found == [round(n / 10, 3) for n in range(200)]


def test_reserving_is_pure():
    bucket = Bucket()

    changed, wait = Rate(per_s=1, burst=1).reserve(bucket, 10.0, 0.0)

    assert (bucket, wait, changed.full_at) == (Bucket(), 0.0, 11.0)
