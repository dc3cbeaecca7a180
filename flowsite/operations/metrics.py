"""The numbers of the whole installation in Prometheus' text format, whichever host is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.utils import timezone
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector, CollectorRegistry

from flowsite.operations import health, heartbeats, work
from flowsite.operations.models import BUCKETS, Tally

_KINDS = {
    "aep": ("flowsite_aep_calls", "operation", "Calls to Experience Platform"),
    "page": ("flowsite_pages", "page", "Answers to browsers"),
}


def _seconds(value: timedelta | None) -> float:
    return max(value.total_seconds(), 0.0) if value is not None else float("nan")


def _gauge(
    name: str, words: str, label: str, values: Iterable[tuple[str, float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


class Installation(Collector):
    """Reads the shared rows with each scrape: a fixed number of small queries."""

    def collect(self) -> Iterator[Metric]:
        yield from _submissions()
        yield from _sandboxes()
        yield from _processes()
        yield from _tallied()


def _submissions() -> Iterator[Metric]:
    yield _gauge(
        "flowsite_submissions",
        "Submissions by state",
        "state",
        work.submissions_by_state().items(),
    )
    waiting = work.waiting_submissions()
    yield GaugeMetricFamily(
        "flowsite_submissions_waiting", "Due and held by no worker", value=waiting.count
    )
    yield GaugeMetricFamily(
        "flowsite_submissions_waiting_oldest_seconds",
        "How long the oldest of them has been due",
        value=_seconds(waiting.oldest),
    )
    yield _gauge(
        "flowsite_dataflows", "Dataflows by state", "state", work.dataflows_by_state().items()
    )
    yield _gauge(
        "flowsite_sign_ins_failing",
        "Adobe credentials and source accounts whose last test failed",
        "kind",
        work.failing().items(),
    )


def _sandboxes() -> Iterator[Metric]:
    lag = GaugeMetricFamily(
        "flowsite_sandbox_sync_lag_seconds",
        "Since the runs of a sandbox were last read",
        labels=["organisation", "sandbox"],
    )
    failures = GaugeMetricFamily(
        "flowsite_sandbox_sync_failures",
        "Failed readings in a row",
        labels=["organisation", "sandbox"],
    )
    for line in work.sandbox_lags():
        labels = [line.organisation, line.name]
        lag.add_metric(labels, _seconds(line.lag))
        failures.add_metric(labels, line.failures)
    yield from (lag, failures)


def _processes() -> Iterator[Metric]:
    ages = heartbeats.ages(timezone.now())
    yield _gauge(
        "flowsite_heartbeat_age_seconds",
        "Since the last sign of life",
        "process",
        ((name, _seconds(age)) for name, age in ages.items()),
    )
    lengths = health.queue_lengths()
    yield GaugeMetricFamily(
        "flowsite_broker_up", "Whether the broker answers", value=lengths is not None
    )
    yield _gauge(
        "flowsite_queue_messages",
        "Messages that wait in the broker",
        "queue",
        (lengths or {}).items(),
    )


def _tallied() -> Iterator[Metric]:
    rows = list(Tally.objects.order_by("kind", "name", "outcome"))
    for kind, (name, label, words) in _KINDS.items():
        calls = CounterMetricFamily(name, words, labels=[label, "status"])
        times = HistogramMetricFamily(f"{name}_seconds", f"{words}: time taken", labels=[label])
        grouped: dict[str, list[Tally]] = {}
        for row in rows:
            if row.kind == kind:
                calls.add_metric([row.name, row.outcome], row.calls)
                grouped.setdefault(row.name, []).append(row)
        for key, some in grouped.items():
            times.add_metric([key], *_histogram(some))
        yield from (calls, times)


def _histogram(rows: list[Tally]) -> tuple[list[tuple[str, float]], float]:
    """Cumulative buckets and the sum, as Prometheus wants them."""
    total, buckets = 0, []
    for column, limit in BUCKETS.items():
        total += sum(getattr(row, column) for row in rows)
        buckets.append((str(limit), float(total)))
    buckets.append(("+Inf", float(sum(row.calls for row in rows))))
    return buckets, sum(row.seconds for row in rows)


def registry() -> CollectorRegistry:
    """Ours alone: numbers of the one process that happens to answer would mislead."""
    found = CollectorRegistry(auto_describe=False)
    found.register(Installation())
    return found
