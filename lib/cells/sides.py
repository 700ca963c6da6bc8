"""Whether a model's table is shared or each cell's own, for those who know its rows and not its
name.

What there is of both is said in one list (config.cells.tables), which is registered when the
programs start.
"""

from collections.abc import Iterable

from django.db.models import Model

from lib import cells

_of_cells: set[type[Model]] = set()


def register(models: Iterable[type[Model]]) -> None:
    """Register the models of which each cell has a table of its own."""
    _of_cells.update(models)


def is_shared(model: type[Model]) -> bool:
    """Whether all cells share the rows of this model; they do in an installation without cells."""
    return not cells.are_on() or model._meta.concrete_model not in _of_cells
