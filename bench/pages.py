"""What the monitoring pages cost at a size, beside bare Django views over the same rows.

    python bench/pages.py [--sizes 200x50] [--database sqlite|postgresql] [--seconds 2]

Full sizes: --sizes 1000x100,10000x100 (dataflows x runs of each). The cache tables are filled
directly; the app runs as in production (granian, 2 workers, gzip), the person is signed in.
Requests to the app and to the bare view alternate, so that whatever else the machine does slows
both: judge the ratios, not the milliseconds.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
HOST = "flowsite.example"
PRODUCTION = {
    "FLOWSITE_ENV": "production",
    "FLOWSITE_SECRET_KEY": "bench" * 12,
    "FLOWSITE_ENCRYPTION_KEYS": "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmU=",
    "FLOWSITE_ALLOWED_HOSTS": HOST,
    "FLOWSITE_TRUSTED_PROXY": "X-Forwarded-Proto: https",
    "FLOWSITE_BROKER_URL": "redis://127.0.0.1:1/0",
}
CLIENTS = 8
#: Of issue and ratio: pages whose targets are the same share a name.
BOARD, LISTS, HISTOGRAM = 3.0, 4.0, 3.0
MOST_GROWTH = 1.2
MOST_MEMORY_MIB = 200


@dataclass
class Page:
    """A page, the bare view over its rows, and what was measured."""

    name: str
    url: str
    bare_url: str
    target: float
    queries: int = 0
    size: int = 0
    bare_size: int = 0
    times: list[float] = field(default_factory=list)
    bare_times: list[float] = field(default_factory=list)
    #: Requests a second with CLIENTS clients.
    rate: float = 0.0

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.times, n=20)[-1]

    @property
    def ratio(self) -> float:
        return self.p50 / statistics.median(self.bare_times)


class Browser:
    """A kept-alive connection of somebody who is signed in."""

    def __init__(self, port: int, cookie: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {
            "Host": HOST,
            "Accept-Encoding": "gzip",
            "Accept-Language": "en",
            "Cookie": cookie,
            "X-Forwarded-Proto": "https",
        }

    def get(self, url: str) -> tuple[float, int]:
        """Seconds until the last byte, and bytes over the wire (head and body)."""
        began = time.perf_counter()
        self._connection.request("GET", url, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        if answer.status != 200:
            raise SystemExit(f"{url}: {answer.status} {body[:300]!r}")
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        return took, head + len(body)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def server(target: str, cookie: str) -> Iterator[tuple[int, int]]:
    """The port and the process id of a web server like the one of production."""
    from with_services import free_port, listens, wait_for  # noqa: PLC0415

    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", target]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    command += ["--blocking-threads", "32", "--respawn-failed-workers", "--no-log"]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'bench'}"}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        wait_for(listens(port), target)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def memory_mib(pid: int) -> tuple[float, float]:
    """Of a process and its children: resident, and proportional (shared pages counted once)."""
    tree, resident, proportional = [pid], 0, 0
    for one in tree:
        for task in Path(f"/proc/{one}/task").iterdir():
            tree += [int(child) for child in (task / "children").read_text().split()]
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("Rss", "Pss"):
                kib = int(value.split()[0])
                resident += kib if name == "Rss" else 0
                proportional += kib if name == "Pss" else 0
    return resident / 1024, proportional / 1024


def the_pages(sandbox: int) -> list[Page]:
    """What is measured. Imported late: Django is set up by then."""
    from django.urls import reverse  # noqa: PLC0415

    from flowsite.core.keyset import _encode  # noqa: PLC0415
    from flowsite.monitoring.filters import SORTS  # noqa: PLC0415
    from flowsite.people.models import Team  # noqa: PLC0415
    from flowsite.runs.models import Dataflow  # noqa: PLC0415

    team = Team.objects.get(name="Default")
    rows = Dataflow.objects.filter(team=team).order_by("name", "pk")
    middle = rows[rows.count() // 2]
    board, runs = reverse("board"), reverse("runs")

    def flows(**query: Any) -> str:
        return "/bare/dataflows/?" + urlencode({"sandbox": sandbox, "sort": "name", **query})

    def all_runs(**query: Any) -> str:
        return "/bare/runs/?" + urlencode({"sandbox": sandbox, **query})

    pages = [
        Page(f"board by {sort}", f"{board}?sort={sort}", flows(sort=sort), BOARD) for sort in SORTS
    ]
    cursor = _encode("next", middle.name, middle.pk)
    return [
        *pages,
        Page("deep page", f"{board}?page={cursor}", flows(beyond=middle.name), BOARD),
        Page("failed filter", f"{board}?run=failed", flows(run="failed"), LISTS),
        Page(
            "one dataflow",
            reverse("dataflow", args=[middle.pk]),
            all_runs(dataflow=middle.pk, size=60),
            LISTS,
        ),
        Page("all runs", runs, all_runs(), LISTS),
        Page("failed runs", f"{runs}?state=failed", all_runs(state="failed"), LISTS),
        Page("7-day histogram", f"{runs}?range=7d", all_runs(days=7), HISTOGRAM),
    ]


def count_queries(pages: list[Page], user: Any) -> None:
    """In this process, with all middleware."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client = Client(headers={"host": HOST, "x-forwarded-proto": "https"})
    client.force_login(user)
    for page in pages:
        client.get(page.url)
        with CaptureQueriesContext(connection) as queries:
            client.get(page.url)
        page.queries = len(queries)


def sign_in(user: Any) -> str:
    """The cookie of a session."""
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"


def alternate(pages: list[Page], app: Browser, bare: Browser, seconds: float) -> None:
    """One request to each in turn, page by page."""
    for page in pages:
        for _ in range(4):  # both workers have seen it
            page.size, page.bare_size = app.get(page.url)[1], bare.get(page.bare_url)[1]
    for page in pages:
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(page.times) < 20:
            page.times.append(app.get(page.url)[0])
            page.bare_times.append(bare.get(page.bare_url)[0])


def throughput(open_browser: Callable[[], Browser], url: str, seconds: float) -> float:
    """Answers a second to CLIENTS clients that ask without a pause."""
    counts: list[int] = []
    end = time.monotonic() + seconds

    def ask() -> None:
        browser, count = open_browser(), 0
        while time.monotonic() < end:
            browser.get(url)
            count += 1
        browser.close()
        counts.append(count)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def measure(sandbox: int, user: Any, seconds: float) -> list[Page]:
    """All pages at the present size."""
    from django.db import connections  # noqa: PLC0415

    pages = the_pages(sandbox)
    count_queries(pages, user)
    cookie = sign_in(user)
    connections.close_all()
    with (
        server("flowsite.wsgi:application", cookie) as (port, pid),
        server("bare:application", cookie) as (
            bare_port,
            _,
        ),
    ):
        app, bare = Browser(port, cookie), Browser(bare_port, cookie)
        alternate(pages, app, bare, seconds)
        for page in pages:
            page.rate = throughput(lambda: Browser(port, cookie), page.url, seconds)
        resident, proportional = memory_mib(pid)
    print_table(pages)
    verdict = "pass" if proportional <= MOST_MEMORY_MIB else "MISS"
    print(
        f"web processes: {proportional:.0f} MiB together (target {MOST_MEMORY_MIB}: {verdict}), "
        f"{resident:.0f} MiB when shared pages are counted in each"
    )
    return pages


def print_table(pages: list[Page]) -> None:
    heads = ("page", "queries", "p50 ms", "p95 ms", "bytes", "8 clients/s")
    print("{:20}{:>8}{:>9}{:>9}{:>9}{:>13}".format(*heads), end="")
    print(f"{'bare p50':>10}{'bytes':>8}{'ratio':>8}{'target':>8}")
    for page in pages:
        bare = statistics.median(page.bare_times) * 1000
        verdict = "pass" if page.ratio <= page.target else "MISS"
        print(
            f"{page.name:20}{page.queries:8}{page.p50 * 1000:9.1f}{page.p95 * 1000:9.1f}"
            f"{page.size:9}{page.rate:13.0f}{bare:10.1f}{page.bare_size:8}"
            f"{page.ratio:8.2f}{page.target:8.1f}  {verdict}"
        )


def print_growth(small: list[Page], large: list[Page], sizes: list[str]) -> None:
    """Growth from the first size to the last, of the ratios to the bare views."""
    print(f"growth from {sizes[0]} to {sizes[-1]} (p50; beside it that of the bare view)")
    for one, other in zip(small, large, strict=True):
        growth = other.p50 / one.p50
        bare = statistics.median(other.bare_times) / statistics.median(one.bare_times)
        verdict = "pass" if growth <= MOST_GROWTH else "MISS"
        print(f"{one.name:20}{growth:8.2f} ({bare:.2f}){MOST_GROWTH:8.1f}  {verdict}")


def run(sizes: list[str], seconds: float) -> None:
    import setting  # noqa: PLC0415 -- sets Django up, after the environment is known
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from filling import fill, make_access  # noqa: PLC0415

    from flowsite.demo.seed import seed_people  # noqa: PLC0415

    team = setting.make_database()
    user = seed_people(team)[0]
    call_command("collectstatic", interactive=False, verbosity=0)
    access = make_access(team)
    measured = []
    for size in sizes:
        dataflows, runs = map(int, size.split("x"))
        began = time.monotonic()
        fill(access.sandbox, team, dataflows, runs)
        took = time.monotonic() - began
        print(
            f"\n{connection.vendor}, {dataflows} dataflows x {runs} runs (filled in {took:.0f} s)"
        )
        measured.append(measure(access.sandbox_id, user, seconds))
    if len(sizes) > 1:
        print_growth(measured[0], measured[-1], sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="200x50")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=1, help="of measuring, for each page")
    options = parser.parse_args()
    os.environ.update(PRODUCTION)
    with ExitStack() as stack:
        if options.database == "postgresql":
            from with_services import postgres  # noqa: PLC0415

            address = stack.enter_context(postgres())
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="flowsite-bench-"))
            address = f"sqlite:///{folder}/flowsite.sqlite3"
        os.environ["FLOWSITE_DATABASE_URL"] = address
        run(options.sizes.split(","), options.seconds)


if __name__ == "__main__":
    main()
