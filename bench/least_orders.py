"""A bare WSGI function that opens an order with the least SQL for the same rows.

`POST /orders` is measured against it (bench.api).

It looks up the latest key once, checks nothing of the body, and has a connection of psycopg's own
per thread. The use of a key, which is noted once a minute, is left out.
"""

import json
import os
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

DATABASE = "BENCH_DATABASE"  # in the environment: how to connect
# The order, its entry, the line's figures and the record of what came in.
LEAST = """
WITH held AS (
    UPDATE credit_creditline line SET used = used + %(amount)s, last_wrote_at = %(now)s
    FROM merchants_merchant merchant
    WHERE merchant.reference = %(merchant)s AND line.merchant_id = merchant.id
      AND freezes_in_force = 0 AND "limit" - used >= %(amount)s
    RETURNING line.merchant_id, currency, "limit", used
), placed AS (
    INSERT INTO credit_order (line_id, reference, buyer, buyer_risk, currency, amount, instalments,
        part_amount, status, decline_code, outstanding, paid, refunded, refunded_written_off,
        written_off, recovered, placed_at, placed_said_at, cancel_reason)
    SELECT merchant_id, %(order)s, %(buyer)s, 0, currency, %(amount)s, 1, %(amount)s, 'OPEN', '',
           %(amount)s, 0, 0, 0, 0, 0, %(now)s, %(now)s, '' FROM held
    RETURNING id
), entry AS (
    INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                                   limit_after, used_after, actor, reason, at)
    SELECT held.merchant_id, placed.id, 'HOLD', held.currency, 0, %(amount)s, held."limit",
           held.used, 'platform', '', %(now)s
    FROM held, placed
), came_in AS (
    INSERT INTO gateway_receivedevent (received_at, key_id, request, event, type, merchant, said_at,
                                       data, outcome, code, reason)
    VALUES (%(now)s, %(key)s, %(request)s, %(request)s, 'order.placed', %(merchant)s, %(now)s,
            %(data)s, 'applied', '', '')
)
SELECT "limit" - used FROM held
"""

_own = threading.local()


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """A WSGI application that opens the order in the request's body, and answers 201 with what is
    available then. It checks nothing.
    """
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    said: dict[str, Any] = json.loads(body)
    connection, request = _connection(), uuid4().hex
    values = {"now": datetime.now(UTC), "data": body.decode(), "request": request, "key": _own.key}
    (available,) = connection.execute(LEAST, said | values).fetchone() or (None,)
    answer = json.dumps({"status": "OPEN", "available": str(available)}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
    start_response("201 Created", headers)
    return [answer]


def _connection() -> "psycopg.Connection[Any]":
    """The database connection of this thread, which is opened at the first call, along with the
    primary key of the latest API key as `_own.key`.
    """
    if not hasattr(_own, "connection"):
        _own.connection = psycopg.connect(os.environ[DATABASE], autocommit=True)
        (_own.key,) = _own.connection.execute("SELECT max(id) FROM gateway_apikey").fetchone()
    connection: psycopg.Connection[Any] = _own.connection
    return connection
