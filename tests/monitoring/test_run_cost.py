"""The page of a run costs the same however many runs and errors there are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from flowsite.people.models import User
from tests.monitoring.conftest import MakeFlow, MakeRuns

pytestmark = pytest.mark.django_db


def test_the_number_of_queries_does_not_grow(
    client_as: Callable[[User], Client], ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    client = client_as(ops)
    counts = []
    for n, count in enumerate((3, 60)):
        runs = make_runs(make_flow(f"flow-{n}"), *["failed"] * count)
        runs[1].errors = [
            {"code": f"CONNECTOR-{e}", "message": "No", "count": 1, "activity": "copy"}
            for e in range(count)
        ]
        runs[1].save()
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/runs/{runs[1].pk}/")
        counts.append(len(queries))

    assert counts == [10, 10]
