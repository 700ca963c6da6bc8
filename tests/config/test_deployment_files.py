"""deploy/ and docs/operations.md fit together, and fit the code: deploy/walk.sh tries the rest."""

import configparser
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.local.datafolder import BASE_DIR
from jobs.definitions import QUEUES

DEPLOY = BASE_DIR / "deploy"
BOOK = (BASE_DIR / "docs" / "operations.md").read_text()
UNITS = sorted((DEPLOY / "systemd").iterdir())
SCRIPTS = [*DEPLOY.glob("*.sh"), DEPLOY / "tael", BASE_DIR / ".ci" / "run"]
# Variables of Python, gunicorn and Prometheus' client, which no file of ours reads by name.
OTHERS_READ = {"FORWARDED_ALLOW_IPS"}


def blocks() -> dict[str, str]:
    """The commands of the book, as the walk finds them."""
    found: dict[str, str] = runpy.run_path(str(DEPLOY / "walk" / "blocks.py"))["blocks"](BOOK)
    return found


def section(unit: Path, name: str) -> dict[str, str]:
    """A section of this unit of systemd's."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(unit)
    return dict(parser[name])


def test_the_walk_takes_every_block_of_the_book() -> None:
    walk = (DEPLOY / "walk.sh").read_text()
    taken = set(re.findall(r"^    step ([a-z-]+)$", walk, re.MULTILINE))
    taken |= set(re.findall(r"\$book ([a-z-]+) >", walk))  # as a person does it
    assert taken == blocks().keys()
    assert len(taken) == 18
    assert len(re.findall(r"^```sh", BOOK, re.MULTILINE)) == len(taken)


def test_scripts_and_blocks_are_such_that_a_shell_can_read_them() -> None:
    for text in [*(script.read_text() for script in SCRIPTS), *blocks().values()]:
        read = subprocess.run(
            ["bash", "-n"], input=text, capture_output=True, text=True, check=False
        )
        assert (read.returncode, read.stderr) == (0, "")


def test_the_book_runs_commands_that_there_are() -> None:
    said = re.findall(r"^tael (?:--with \w+ )?(\w+)", "\n".join(blocks().values()), re.MULTILINE)
    assert {"migrate", "collectstatic", "createsuperuser", "audit", "prefix", "jobs"} <= set(said)
    assert set(said) <= get_commands().keys()


def test_files_that_the_book_takes_from_the_code_are_there() -> None:
    named = re.findall(r"(?:/srv/tael/|\s)(deploy/[\w./*-]+)", "\n".join(blocks().values()))
    assert {"deploy/tael", "deploy/roles.sql", "deploy/nginx.conf"} <= set(named)
    assert all(list(BASE_DIR.glob(path)) for path in named)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.stem))
def test_a_unit_starts_one_of_taels_programs_as_its_user_after_a_boot(unit: Path) -> None:
    service = section(unit, "Service")
    program = service["ExecStart"].split()[0]
    assert Path(program).parent == Path("/srv/tael/.venv/bin")
    assert Path(program).name in {"gunicorn", "celery", "python"}
    assert (service["User"], service["Group"]) == ("tael", "tael")
    assert service["EnvironmentFile"] == "/etc/tael/environment"
    assert service["WorkingDirectory"] == "/srv/tael"
    assert service["KillMode"] == "mixed"
    assert section(unit, "Install") == {"WantedBy": "multi-user.target"}


def test_the_book_starts_every_unit_and_restarts_all_of_them() -> None:
    names = {unit.stem for unit in UNITS}
    lines = re.findall(r"^systemctl (?:enable --now|restart) (tael.*)$", BOOK, re.MULTILINE)
    assert len(lines) == 4
    assert all(set(line.split()) == names for line in lines)


def test_the_units_of_workers_take_from_every_queue() -> None:
    commands = [section(unit, "Service")["ExecStart"] for unit in UNITS]
    taken = [re.search(r"--queues (\S+)", command) for command in commands]
    queues = [queue for found in taken if found for queue in found[1].split(",")]
    assert sorted(queues) == sorted(QUEUES)


def test_a_worker_has_time_to_finish_its_chunk() -> None:
    from config.celery import app

    for name in ("tael-worker", "tael-providers"):
        until = section(DEPLOY / "systemd" / f"{name}.service", "Service")["TimeoutStopSec"]
        assert int(until.removesuffix("min")) * 60 > app.conf.task_time_limit


def test_the_example_of_the_environment_sets_what_the_code_reads() -> None:
    example = (DEPLOY / "environment.example").read_text()
    names = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "EMAIL_HOST"} <= names
    code = "\n".join(path.read_text() for path in sorted((BASE_DIR / "config").rglob("*.py")))
    unread = {name for name in names - OTHERS_READ if f'"{name}"' not in code}
    assert unread == set()
    table = set(re.findall(r"`([A-Z_]+)`", BOOK[: BOOK.index("## First installation")]))
    assert names <= table


def settings_from(*edits: str) -> "subprocess.CompletedProcess[str]":
    """What comes of the settings with the example as a shell reads it, and these lines after it."""
    secrets = "SECRET_KEY=filled-in", f"TAEL_ENCRYPTION_KEYS={'A' * 43}="
    lines = [(DEPLOY / "environment.example").read_text(), *secrets, *edits]
    lines.append(f"exec {sys.executable} -c 'import config.settings as s; print(s.DEPLOYED)'")
    return subprocess.run(
        ["sh", "-a", "-c", "\n".join(lines)],
        cwd=BASE_DIR,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_with_its_secrets_filled_in_is_a_whole_deployment(tmp_path: Path) -> None:
    told = settings_from(f"TAEL_DATA_DIR={tmp_path}")
    assert (told.stdout, told.returncode) == ("True\n", 0)
    without = settings_from(f"TAEL_DATA_DIR={tmp_path}", "REDIS_URL=")
    assert without.returncode == 1
    assert "Set REDIS_URL: DATABASE_URL is set" in without.stderr


def test_commands_and_processes_read_the_same_settings() -> None:
    # Static files were collected where no server looked, when the folder was the units' alone.
    example = (DEPLOY / "environment.example").read_text()
    for folder in ("TAEL_DATA_DIR=/var/lib/tael", "PROMETHEUS_MULTIPROC_DIR=/run/tael"):
        assert f"\n{folder}\n" in example
    assert all("Environment" not in section(unit, "Service") for unit in UNITS)


def test_no_proxy_server_or_package_source_is_named_in_the_scripts() -> None:
    for script in SCRIPTS:
        hosts = set(re.findall(r"https?://([^/\s:$]+)", script.read_text()))
        assert hosts <= {"tael.example", "other.example", "127.0.0.1"}
