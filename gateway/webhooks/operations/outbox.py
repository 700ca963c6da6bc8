"""Numbering what the database wrote into the outbox, and finding out who is told of it.

An event is written in the transaction of its cause, without a number: its triggers take no lock,
so that no operation waits for another one because of it. It gets its number here, after the commit
and in one statement with the deliveries to all endpoints that have chosen its type, so that each of
them gets it exactly once, in the order of the numbers.
"""

from django.db import transaction

from gateway.webhooks.models import WebhookEvent
from lib import cells, locks, parts
from lib.parts import InSteps

MOST_AT_ONCE = 5000

# What one line or account wrote later has the higher id, since it wrote under its lock.
NUMBER = InSteps("""
WITH oldest AS (
    SELECT id, merchant_id FROM gateway_webhookevent
    WHERE sequence IS NULL ORDER BY id LIMIT %(most)s
), placed AS (
    SELECT oldest.id, last.sequence
               + row_number() OVER (PARTITION BY oldest.merchant_id ORDER BY oldest.id) AS sequence
    FROM oldest CROSS JOIN LATERAL (
        SELECT coalesce(max(sequence), 0) AS sequence FROM gateway_webhookevent before
        WHERE before.merchant_id = oldest.merchant_id
    ) last
), numbered AS (
    UPDATE gateway_webhookevent event SET sequence = placed.sequence
    FROM placed WHERE event.id = placed.id
    RETURNING event.id, event.merchant_id, event.type, event.at, event.sequence
), told AS (
    INSERT INTO gateway_webhookdelivery (event_id, endpoint_id, status, attempts, next_attempt_at)
    SELECT numbered.id, endpoint.id, 'PENDING', 0, numbered.at
    FROM numbered JOIN gateway_webhookendpoint endpoint
         ON endpoint.is_on AND endpoint.added_at <= numbered.at
        AND (endpoint.merchant_id IS NULL OR endpoint.merchant_id = numbered.merchant_id)
        AND numbered.type = ANY(endpoint.types)
    ORDER BY numbered.merchant_id, numbered.sequence, endpoint.id
)
SELECT count(*) FROM numbered
""")


def number() -> int:
    """Number all events of the present cell that have no number yet, and create their deliveries to
    the endpoints that are on, have chosen their types, and were added no later than the events
    happened: those of all merchants, and the merchant's own. Nothing is sent.

    Returns how many this call numbered. Of several callers at once, each numbers what the ones
    before it left. At most MOST_AT_ONCE are committed together; but in a transaction of the
    caller's all are part of it, and other callers wait for its end.
    """
    numbered = 0
    while WebhookEvent.objects.filter(sequence__isnull=True).exists():
        numbered += _number_some()
    return numbered


def number_and_hold() -> int:
    """Do what `number` does, in the caller's transaction, and let nobody else number an event of
    the present cell until it ends, even if there was none to number: for what changes whom
    events are for. Returns how many were numbered.
    """
    _wait_turn()
    return number()


def _wait_turn() -> None:
    """Wait until no other transaction numbers events of the present cell, and let none do so until
    the present one ends.
    """
    locks.wait_for_advisory_lock(cells.named("numbers of webhook events"))


@transaction.atomic
def _number_some() -> int:
    """Number the oldest events without a number, at most MOST_AT_ONCE, and create their deliveries.
    Returns how many. Only one process numbers at a time: others wait until the transaction ends.
    """
    _wait_turn()
    ((count,),) = parts.rows(NUMBER, {"most": MOST_AT_ONCE})
    return int(count)
