"""How long a submission waits for another worker when its own is stopped or killed. Real times.

python bench/handover.py
"""

from __future__ import annotations

import os
import signal
import sys
import time

# The times of production; load.py sets them before it sets Django up.
import load
import stage

from flowsite.demo.seed import seed_people
from flowsite.submissions import services
from flowsite.submissions.models import StepState, Submission, SubmissionState, SubmissionStep

#: Slow enough to be hit in the middle of a call.
LATENCY_S = 1.5
LIMITS_S = {"SIGTERM": 10, "SIGKILL": 60}


def in_flight(submission: Submission) -> bool:
    rows = SubmissionStep.objects.filter(submission=submission)
    return rows.filter(state=StepState.SENDING).exists()


def main() -> int:
    user = seed_people(stage.setting.make_database())[0]
    fine = True
    with stage.Processes() as processes:
        processes.start_broker()
        url = processes.start_emulator("emulator", "--latency-s", str(LATENCY_S))
        access = stage.setting.access_to(stage.setting.make_database(), url)
        processes.start_worker("worker-0")
        processes.start_beat()
        for number, name in enumerate(LIMITS_S):
            submission = services.submit_definition(
                load.document(f"Handed over {name}"),
                team=access.credential.team,
                credential=access.credential,
                sandbox=access.sandbox,
                key=services.new_key(),
                user=user,
            )
            stage.wait_for(lambda one=submission: in_flight(one), "the first call")
            holder = Submission.objects.values_list("lease_token", flat=True).get(pk=submission.pk)
            processes.forget(f"worker-{number}")
            os.kill(processes.pid(f"worker-{number}"), getattr(signal, name))
            began = time.monotonic()
            processes.start_worker(f"worker-{number + 1}")
            took_s = taken_over_after(submission, began, holder)
            load.wait_until_done(200)
            submission.refresh_from_db()
            attempts = max(submission.steps.values_list("attempts", flat=True))
            print(
                f"{name}: another worker after {took_s:.1f} s (at most {LIMITS_S[name]}), "
                f"{submission.state} after {time.monotonic() - began:.1f} s, "
                f"no call sent more than {attempts} times"
            )
            fine &= took_s <= LIMITS_S[name] and submission.state == SubmissionState.PUBLISHED
    return 0 if fine else 1


def taken_over_after(submission: Submission, began: float, holder: str) -> float:
    """Seconds until somebody else holds the lease, or the work is done."""

    def taken() -> bool:
        row = Submission.objects.get(pk=submission.pk)
        return row.lease_token not in ("", holder) or row.state == SubmissionState.PUBLISHED

    stage.wait_for(taken, "the takeover", 120)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
