"""The registry of the trail's actions: changes of money, limits, policies, prices, roles, keys and
destinations that people make. Operations write them with `trail.operations`.

Each app declares its own actions in its `trail` module and registers them when it starts. Only
operators read them, so they are in English.
"""

from django.db.models import TextChoices

_labels: dict[str, str] = {}


def register(actions: type[TextChoices]) -> None:
    """Add these actions, with their labels, to those that trail rows may have. Raises ValueError
    for a code that is taken.
    """
    for code, label in actions.choices:
        if code in _labels:
            raise ValueError(f"the action {code} is taken")
        _labels[code] = str(label)


def choices() -> list[tuple[str, str]]:
    """The codes and labels of all actions, ordered by label."""
    return sorted(_labels.items(), key=lambda choice: choice[1])


def label(code: str) -> str:
    """The label of the action with this code; the code itself if no app has registered it (any
    more).
    """
    return _labels.get(code, code)
