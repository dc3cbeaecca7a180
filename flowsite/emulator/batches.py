"""Writing what a run produced: the batch, its rows, its diagnostic files."""

from __future__ import annotations

import json
from typing import Any

from flowsite.emulator.catalog_service import BATCH
from flowsite.emulator.execution import SAMPLE_SIZE, Outcome
from flowsite.emulator.ids import new_batch_id
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World


def write(
    world: World,
    scope: Scope,
    flow_id: str,
    options: dict[str, Any],
    outcome: Outcome,
    started_ms: int,
    now_ms: int,
) -> str | None:
    """The batch id; None when there was nothing to write or no dataset to write to."""
    if not outcome.read or not outcome.dataset_id or outcome.stage == "copy":
        return None
    batch_id = new_batch_id(now_ms)
    body = {
        "imsOrg": scope.org,
        "status": "failed" if outcome.stage else "success",
        "created": started_ms,
        "updated": now_ms,
        "started": started_ms,
        "completed": now_ms,
        "relatedObjects": [{"type": "dataSet", "id": outcome.dataset_id}],
        "tags": {
            "flowId": [flow_id],
            "acp_enableErrorDiagnostics": [str(outcome.diagnostics).lower()],
            "acp_partialIngestionPercent": [str(options.get("partialIngestionPercent", 0))],
        },
        "errors": _errors(outcome),
        "metrics": {
            "inputRecordCount": outcome.read,
            "outputRecordCount": outcome.written,
            "failedRecordCount": outcome.failed,
            "outputByteSize": outcome.bytes_written,
        },
        "recordCount": outcome.written,
        "failedRecordCount": outcome.failed,
    }
    world.store.insert(Stored(BATCH, scope, batch_id, body, outcome.dataset_id, started_ms, now_ms))
    _write_rows(world, batch_id, outcome)
    _write_files(world, batch_id, outcome)
    return batch_id


def _errors(outcome: Outcome) -> list[dict[str, Any]]:
    """``recordCount`` appears only with diagnostics on (API contract, section 5.4)."""
    errors: list[dict[str, Any]] = []
    for (code, message), count in outcome.failures.most_common(20):
        error: dict[str, Any] = {"code": code, "description": message}
        if outcome.diagnostics:
            error["recordCount"] = count
        errors.append(error)
    return errors


def _write_rows(world: World, batch_id: str, outcome: Outcome) -> None:
    world.store.execute_many(
        "INSERT INTO lake_rows (dataset_id, batch_id, body) VALUES (?, ?, ?)",
        [(outcome.dataset_id, batch_id, row) for row in outcome.rows],
    )
    world.store.execute(
        "DELETE FROM lake_rows WHERE dataset_id = ? AND seq <= (SELECT seq FROM lake_rows"
        " WHERE dataset_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (outcome.dataset_id, outcome.dataset_id, world.config.kept_rows_per_dataset),
    )


def _write_files(world: World, batch_id: str, outcome: Outcome) -> None:
    files = {"input_files": json.dumps(outcome.input_files)}
    if outcome.diagnostics:
        if outcome.conversion_errors:
            files["row_errors/conversion_errors_0.json"] = "\n".join(outcome.conversion_errors)
        if outcome.parsing_errors:
            files["row_errors/parsing_errors_0.json"] = "\n".join(outcome.parsing_errors)
        sample = [*outcome.conversion_errors, *outcome.parsing_errors][:SAMPLE_SIZE]
        files["row_error_samples.json"] = "\n".join(sample)
    for path, content in files.items():
        world.store.execute("INSERT INTO batch_files VALUES (?, ?, ?)", (batch_id, path, content))
