"""One break for every check of webhooks, as in audit_breaks.py."""

from tests.config.breaking import DRESS, SILK, Break

EVENT = "INSERT INTO gateway_webhookevent (merchant_id, type, cause_id, at, data) VALUES"
# A delivery that is said to be done, of the first event of `dress`, and nothing on its log.
DELIVERY = f"""
INSERT INTO gateway_webhookendpoint (id, url, types, description, is_on, added_at, added_by)
VALUES (7, 'https://hooks.example/', '{{order.declined}}', '', true, now(), 'ada@tael.example');
INSERT INTO gateway_webhookdelivery (id, event_id, endpoint_id, status, attempts, ended_at)
SELECT 9, min(id), 7, 'DELIVERED', 7, now() FROM gateway_webhookevent
WHERE merchant_id = {DRESS};
"""
ATTEMPT = """
INSERT INTO gateway_webhookattempt (delivery_id, at, milliseconds, status, answer, error)
VALUES (9, now(), 7, 500, '', '');
"""
IN_OUTBOX = "whatever webhooks tell of is in the outbox once, and nothing else is"
UNFROZEN = "a line is told of as no longer frozen when its last freeze was lifted"
TAKEN = "a webhook is delivered exactly when its receiver took it, and every attempt is on its log"

WEBHOOK_BREAKS = [
    Break(
        IN_OUTBOX,
        f"DELETE FROM gateway_webhookevent WHERE merchant_id = {DRESS} AND type = 'limit.changed'",
        "dress: limit.changed ",
    ),
    Break(
        IN_OUTBOX,
        f"{EVENT} ({SILK}, 'order.declined', 0, now(), '{{}}')",
        "silk: order.declined 0: expected nothing; found ",
    ),
    Break(
        UNFROZEN,
        "DELETE FROM gateway_webhookevent WHERE type = 'line.unfrozen'",
        "dress: freeze … expected True; found False",
    ),
    Break(
        UNFROZEN,
        f"{EVENT} ({SILK}, 'line.unfrozen', 0, now(), '{{}}')",
        "silk: event ",
    ),
    Break(
        "a merchant's webhook events are numbered without a gap",
        "UPDATE gateway_webhookevent SET sequence = 2 WHERE id = ("
        f"SELECT min(id) FROM gateway_webhookevent WHERE merchant_id = {DRESS})",
        "dress: webhook events: expected 2; found 1",
    ),
    Break(
        TAKEN,
        DELIVERY,
        "dress: delivery 9: expected 0, f; found 7, t",
    ),
    Break(
        TAKEN,
        DELIVERY + ATTEMPT,
        "dress: delivery 9: expected 1, f; found 7, t",
    ),
]
