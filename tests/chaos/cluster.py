"""A migrated PostgreSQL cluster, kept for the next run: to make one takes longer than a short run.

It is kept beside the tests' own data, under a name that changes with the migrations. Where
CHAOS_TEMPLATE is the address of a migrated database, such as that of the tests, the new cluster is
made of that: to migrate again would be most of a first run.
"""

import os
import shutil
import subprocess
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from config.local import servers
from config.local.datafolder import BASE_DIR
from tests import template_database
from tests.config import clusters


def bring() -> bool:
    """Copy the kept cluster to where the server looks for its own. Returns whether there is one."""
    kept = _kept()
    if kept.exists():
        _copy(kept, servers._cluster())
    return kept.exists()


def make() -> None:
    """Migrate the new cluster, whose server runs, and keep a copy of it."""
    if template := os.environ.get("CHAOS_TEMPLATE"):
        _fill(template)
    else:
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


def _fill(template: str) -> None:
    """Have in the new cluster's database what is in the other one."""
    dumped = clusters.run("pg_dump", template)
    here = ("-h", servers.postgres_folder(), "-U", servers.USER, "-d", servers.DATABASE)
    filled = servers._postgres("psql", *here, "-qv", "ON_ERROR_STOP=1", stdin=dumped)
    if filled.returncode != 0:
        raise RuntimeError(f"CHAOS_TEMPLATE could not be copied: {filled.stderr}")


def _kept() -> Path:
    """The folder in which the cluster of these migrations is kept from one run to the next."""
    folder = Path(BASE_DIR) / ".data" / "test"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"chaos-{template_database.digest()}"


def _copy(source: Path, target: Path) -> None:
    """Copy the folder with its owner, who is another one where root runs PostgreSQL."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
