"""`lib` stands below all apps: it knows none of ours, and none that a library brings along."""

import ast
from pathlib import Path

from django.apps import apps
from django.conf import settings

# What fields and triggers of ours are made of: these have neither models nor pages of their own.
COLUMN_TYPES = {"django.contrib.postgres", "djmoney", "pgtrigger"}


def imported(path: Path) -> set[str]:
    """The modules that the file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_lib_imports_no_django_app() -> None:
    installed = {one.name for one in apps.get_app_configs()} - COLUMN_TYPES
    assert {"merchants", "allauth.mfa", "django.contrib.sessions", "unfold"} <= installed
    modules = list((Path(settings.BASE_DIR) / "lib").rglob("*.py"))
    assert len(modules) > 40
    wrong = {
        (path.name, name)
        for path in modules
        for name in imported(path)
        if any(f"{name}.".startswith(f"{app}.") for app in installed)
    }
    assert wrong == set()
