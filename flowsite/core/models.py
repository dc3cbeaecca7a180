"""No rows of its own. Django sends ``post_migrate`` only to applications with this module."""
