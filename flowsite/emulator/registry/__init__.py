"""Schema Registry: schemas, their parts and descriptors (API contract, section 4)."""

from __future__ import annotations

BASE = "/data/foundation/schemaregistry"
KINDS = ("schemas", "fieldgroups", "classes", "datatypes")
DESCRIPTORS = "descriptors"
NAMESPACE = "https://ns.adobe.com"
