"""What this room tells rooms above it."""

from __future__ import annotations

from django.dispatch import Signal

#: A polling cycle has ended; sent after its rows are committed. The sender is the task's module.
sandbox_read = Signal()
