from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_migrate_alone_makes_the_database_complete(tmp_path):
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=ROOT,
        env={
            **os.environ,
            "FLOWSITE_DATA_DIR": str(tmp_path),
            "FLOWSITE_DATABASE_URL": f"sqlite:///{tmp_path}/flowsite.sqlite3",
        },
        check=True,
    )

    with sqlite3.connect(tmp_path / "flowsite.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM core_cache").fetchone() == (0,)
    database.close()
