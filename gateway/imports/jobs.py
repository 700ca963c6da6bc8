"""The job that takes in the rows of imports."""

from datetime import timedelta

from gateway.imports import queries, tasks
from gateway.imports.models import Import
from jobs.definitions import Job
from jobs.in_cells import InCells

TAKE_IN = Job(
    "imports",
    due=queries.to_visit,
    work=tasks.take_in,
    every=timedelta(minutes=1),
    model=Import,
    in_replay=False,
    chunk=1,  # a large one keeps no other waiting
    where=InCells.ONCE,
)
