"""A migrated PostgreSQL cluster, kept for the next run: to make one takes longer than a short run.

It is kept beside the tests' own data, under a name that changes with the migrations.
"""

import shutil
import subprocess
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from config.local import servers
from config.local.datafolder import BASE_DIR
from tests import template_database


def bring() -> bool:
    """Copy the kept cluster to where the server looks for its own. Returns whether there is one."""
    kept = _kept()
    if kept.exists():
        _copy(kept, servers._cluster())
    return kept.exists()


def make() -> None:
    """Migrate the new cluster, whose server runs, and keep a copy of it."""
    call_command("migrate", verbosity=0, interactive=False)
    connection.close()
    servers.stop_postgres()
    kept = _kept()
    for old in kept.parent.glob("chaos-*"):
        shutil.rmtree(old, ignore_errors=True)
    draft = kept.with_suffix(".new")
    _copy(servers._cluster(), draft)
    draft.rename(kept)
    servers.start_postgres()


def _kept() -> Path:
    folder = Path(BASE_DIR) / ".data" / "test"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"chaos-{template_database.digest()}"


def _copy(source: Path, target: Path) -> None:
    """With its owner, who is another one where root runs PostgreSQL."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
