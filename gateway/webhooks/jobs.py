"""The job that tells endpoints what happened."""

from datetime import timedelta

from gateway.webhooks import queries, tasks
from gateway.webhooks.models import WebhookEndpoint
from jobs.definitions import Job
from jobs.in_cells import InCells

DELIVER = Job(
    "deliver-webhooks",
    due=queries.endpoints_to_visit,
    work=tasks.deliver,
    every=timedelta(minutes=1),
    model=WebhookEndpoint,
    merchant="merchant",
    in_replay=False,
    asks_providers=True,
    chunk=1,  # one endpoint that is slow keeps no other
    where=InCells.EACH,
)
