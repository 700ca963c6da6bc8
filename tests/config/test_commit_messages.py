"""The hook that looks at commit messages (.pre-commit-config.yaml)."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.local.datafolder import BASE_DIR

HOOK = BASE_DIR / "deploy" / "commit_message.py"


def said(message: str, folder: Path) -> tuple[int, str]:
    """The hook's exit code, and what it says of a message."""
    file = folder / "COMMIT_EDITMSG"
    file.write_text(message, encoding="utf-8")
    done = subprocess.run([sys.executable, HOOK, file], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize(
    "message",
    [
        "Keep money for a void bill\n",
        "Keep money for a void bill\n\nWhoever sent it will ask for it.\n",
        "Keep money for a void bill\n# Please enter the commit message.\n",
    ],
)
def test_a_title_that_says_what_is_done_may_stay(message: str, tmp_path: Path) -> None:
    assert said(message, tmp_path) == (0, "")


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("x\n", "Say in the first line what the commit does"),
        ("", "Say in the first line what the commit does"),
        ("Keep money for a void bill.\n", "no full stop"),
        ("keep money for a void bill\n", "begins with a capital letter"),
        (f"Keep {'money ' * 20}\n", "The first line has 124 letters; 100 fit."),
        ("Keep money for a void bill\nas somebody asks for it\n", "Leave the second line empty."),
    ],
)
def test_another_is_refused_with_the_reason(message: str, complaint: str, tmp_path: Path) -> None:
    code, text = said(message, tmp_path)
    assert (code, complaint in text) == (1, True)
