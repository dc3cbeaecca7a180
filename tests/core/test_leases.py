from __future__ import annotations

from datetime import timedelta

import time_machine
from django.utils import timezone

from flowsite.core import leases

LENGTH = timedelta(seconds=30)


def test_a_held_row_is_not_given_twice(credential):
    first = leases.take(credential, LENGTH)

    assert first
    assert leases.take(credential, LENGTH) is None


def test_a_lease_that_ran_out_goes_to_the_next(credential):
    first = leases.take(credential, LENGTH)
    with time_machine.travel(timezone.now() + LENGTH + timedelta(seconds=1), tick=False):
        second = leases.take(credential, LENGTH)

        assert second
        assert second != first
        assert leases.renew(credential, first, LENGTH) is False
        assert leases.release(credential, first) is False


def test_renewing_keeps_the_row(credential):
    token = leases.take(credential, LENGTH)
    with time_machine.travel(timezone.now() + timedelta(seconds=20), tick=False):
        assert leases.renew(credential, token, LENGTH)
    with time_machine.travel(timezone.now() + timedelta(seconds=40), tick=False):
        assert leases.take(credential, LENGTH) is None


def test_release_writes_values_with_it(credential):
    token = leases.take(credential, LENGTH)

    assert leases.release(credential, token, last_error="done")

    credential.refresh_from_db()
    assert (credential.lease_token, credential.last_error) == ("", "done")
