"""What the audit trail tells of: every change of money, limits, policies, prices, roles, keys and
destinations that a person makes. Operations write it with `trail.operations`.

Each app declares its own actions in its `trail` module and registers them when it starts. Only
operators read them, and so they are in English.
"""

from django.db.models import TextChoices

_labels: dict[str, str] = {}


def register(actions: type[TextChoices]) -> None:
    """Let the trail tell of these actions, too. Raises ValueError for a code that is taken."""
    for code, label in actions.choices:
        if code in _labels:
            raise ValueError(f"the action {code} is taken")
        _labels[code] = str(label)


def choices() -> list[tuple[str, str]]:
    """Codes and labels of all actions, by their labels."""
    return sorted(_labels.items(), key=lambda choice: choice[1])


def label(code: str) -> str:
    """What an action is called; the code itself of one that no app has declared (any more)."""
    return _labels.get(code, code)
