"""Refuses a commit whose message does not say what it does: a hook of .pre-commit-config.yaml."""

import sys
from pathlib import Path

LONGEST = 100  # letters of the first line
SHORTEST = 3  # words of it


def complaints(message: str) -> list[str]:
    """What is wrong with a commit's message; nothing if it may stay."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    first = lines[0].strip() if lines else ""
    found = []
    if len(first.split()) < SHORTEST:
        found.append("Say in the first line what the commit does, in a sentence such as 'Keep …'.")
    if len(first) > LONGEST:
        found.append(f"The first line has {len(first)} letters; {LONGEST} fit.")
    if first.endswith("."):
        found.append("The first line is a title: no full stop at its end.")
    if first[:1].islower():
        found.append("The first line begins with a capital letter.")
    if len(lines) > 1 and lines[1].strip():
        found.append("Leave the second line empty.")
    return found


if __name__ == "__main__":
    wrong = complaints(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.exit("\n".join(wrong) or None)
