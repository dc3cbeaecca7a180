"""Real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from flowsite.demo.supervisor import Child, StartFailed, Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
ROOT = Path(__file__).parents[2]


def wait_until(check, within_s=8):
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(tmp_path, said):
    made = Supervisor(tmp_path / "logs", said.append)
    yield made
    made.stop()


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_ends_is_started_again(supervisor, said):
    child = Child("web", SLEEP)
    supervisor.start(child)
    child.started_at -= 60
    first = child.process.pid
    watcher = threading.Thread(target=supervisor.watch)
    watcher.start()

    os.kill(first, signal.SIGKILL)
    wait_until(lambda: child.process.pid != first and child.alive())
    supervisor.ask_to_stop()
    watcher.join()

    assert said == ["web ended and is started again."]


def test_a_child_that_cannot_start_is_named_with_its_log(supervisor):
    broken = Child("beat", [sys.executable, "-c", "print('no broker'); raise SystemExit(1)"])

    with pytest.raises(StartFailed, match=r"(?s)beat did not start.*no broker"):
        supervisor.start(broken, ready=lambda: False)


def test_a_child_that_keeps_ending_stops_everything(supervisor):
    supervisor.start(Child("worker", [sys.executable, "-c", ""]))

    with pytest.raises(StartFailed, match="worker keeps ending"):
        supervisor.watch()


def test_children_stop_in_reverse_order_and_a_deaf_one_is_killed(supervisor, tmp_path):
    order = tmp_path / "order"
    code = textwrap.dedent("""
        import signal, sys, time
        def stop(*_):
            open(sys.argv[1], "a").write(sys.argv[2])
            sys.exit()
        signal.signal(signal.SIGTERM, stop)
        print("up", flush=True)
        time.sleep(60)
    """)
    for name in "abc":
        log = tmp_path / "logs" / f"{name}.log"
        supervisor.start(
            Child(name, [sys.executable, "-c", code, str(order), name]),
            ready=lambda log=log: log.exists() and b"up" in log.read_bytes(),
        )
    deaf = Child(
        "deaf",
        [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)",
        ],
        stop_s=0.3,
    )
    supervisor.start(deaf)
    time.sleep(0.2)

    supervisor.stop()

    assert order.read_text() == "cba"
    assert not deaf.alive()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_parent_leaves_nothing_behind(tmp_path):
    code = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from flowsite.demo.supervisor import Child, Supervisor
        supervisor = Supervisor(Path({str(tmp_path)!r}), print)
        child = Child("x", {SLEEP!r})
        supervisor.start(child)
        print(child.process.pid, flush=True)
        time.sleep(60)
    """)
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    pid = int(parent.stdout.readline())
    assert exists(pid)

    parent.kill()
    parent.wait()
    parent.stdout.close()

    wait_until(lambda: not exists(pid))
