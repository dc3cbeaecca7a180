"""Where the embedded broker listens."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

#: A Unix socket's path ends at 107 bytes on Linux; some room is left for temporary suffixes.
LONGEST_SOCKET_PATH = 95


def socket_path(data_dir: Path) -> Path:
    """The broker's socket: in the data folder, or a private temporary one if that is long."""
    near = data_dir / "broker" / "broker.sock"
    if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH:
        return near
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"flowsite-{os.getuid()}-{name}" / "broker.sock"
