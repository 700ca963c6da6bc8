"""Benchmarks of the hot paths, each compared with the least SQL that does the same work in the same
run.

`manage.py bench` runs them on a scratch database of the server in use, with durable commits.
"""


def reached(figure: float, is_reached: bool) -> str:
    """The figure as text for the report, with whether it reaches its target."""
    return f"{figure:.2f} {'(reached)' if is_reached else '(NOT REACHED)'}"
