"""Base paths of the services, as plans and exports write them."""

from __future__ import annotations

from typing import Final

REGISTRY: Final = "/data/foundation/schemaregistry"
CATALOG: Final = "/data/foundation/catalog"
DATA_PREP: Final = "/data/foundation/conversion"
FLOW_SERVICE: Final = "/data/foundation/flowservice"
