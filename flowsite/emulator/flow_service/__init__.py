"""Flow Service: specs, connections, flows and runs (API contract, sections 7 and 8)."""
