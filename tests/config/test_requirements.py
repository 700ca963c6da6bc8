"""What a deployment installs is enough: requirements.txt, without what tests and checks need."""

import re
import subprocess
import sys

import pytest

from config.local.datafolder import BASE_DIR

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)

# Imports all of the product, and what its programs load by name, where nothing else is installed.
ALONE = """
import os, pkgutil, re, sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.metadata import packages_distributions

def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()

own = set(map(plain, sys.argv[1].split()))
others = {
    package
    for package, distributions in packages_distributions().items()
    if not own & set(map(plain, distributions))
}

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in others:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
assert "pytest" in others
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
import config.urls
for package in sys.argv[2].split():
    for module in pkgutil.walk_packages([package], f"{package}."):
        if ".migrations." not in module.name and not module.name.endswith("run_with_parent"):
            import_module(module.name)
for named in ("kombu.transport.redis", "celery.apps.beat", "celery.apps.worker",
              "celery.bin.celery", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread"):
    import_module(named)
print("all of it")
"""
PACKAGES = "lib backoffice trail jobs merchants notices credit billing gateway pages bench config"


def pins(name: str) -> dict[str, str]:
    """The versions that a file of requirements pins, by package."""
    return dict(PIN.findall((BASE_DIR / name).read_text()))


def test_both_files_pin_one_version_of_each_package() -> None:
    runs_on, tools = pins("requirements.txt"), pins("requirements-dev.txt")
    assert len(runs_on) > 60
    assert {name: tools.get(name) for name in runs_on} == runs_on


def test_every_pin_has_its_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        blocks = re.split(r"(?m)^(?=[a-z0-9])", (BASE_DIR / name).read_text())[1:]
        assert [block for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.full  # each week is enough; what is pinned is compared above
def test_tael_runs_on_what_a_deployment_installs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, " ".join(pins("requirements.txt")), PACKAGES],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip().splitlines()[-1:], done.returncode) == (["all of it"], 0), (
        done.stderr[-2000:]
    )
