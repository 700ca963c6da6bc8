"""Benchmarks of the hot paths, each against the least SQL that does the same work in the same run.

`manage.py bench` runs them on a scratch database of the server in use, with durable commits.
"""


def reached(figure: float, is_reached: bool) -> str:
    """A line of the report for a figure that has a target: the figure, and whether it meets the
    target.
    """
    return f"{figure:.2f} {'(reached)' if is_reached else '(NOT REACHED)'}"
