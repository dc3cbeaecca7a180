"""How a dataflow definition becomes ordered requests. Pure: no network, no clock."""
