"""Every endpoint, in the order in which paths are tried."""

from __future__ import annotations

from flowsite.emulator import (
    catalog_service,
    control,
    control_rows,
    data_access,
    data_prep,
    ims,
    sandboxes,
)
from flowsite.emulator.flow_service import (
    connections,
    explore,
    flows,
    runs,
    source_connections,
    specs,
    target_connections,
)
from flowsite.emulator.registry import changes, descriptors, resources, sample_data

ROUTES = (
    *ims.ROUTES,
    *sandboxes.ROUTES,
    *descriptors.ROUTES,
    *sample_data.ROUTES,
    *resources.ROUTES,
    *changes.ROUTES,
    *catalog_service.ROUTES,
    *data_prep.ROUTES,
    *data_access.ROUTES,
    *specs.ROUTES,
    *connections.ROUTES,
    *explore.ROUTES,
    *source_connections.ROUTES,
    *target_connections.ROUTES,
    *flows.ROUTES,
    *runs.ROUTES,
    *control.ROUTES,
    *control_rows.ROUTES,
)
