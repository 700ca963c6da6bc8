"""Counters for monitoring, which `manage.py metrics` serves to Prometheus.

Outcomes are counted once they are committed. A counter costs some microseconds; with
PROMETHEUS_MULTIPROC_DIR set it lives in a file there, which all processes of the machine share.
"""

import os
import sys

from prometheus_client import Counter, Histogram, values

from lib import counting

if sys.platform == "linux":  # what claims room, and what is needed without, is Linux's
    values.MmapedDict = counting.Claimed  # type: ignore[attr-defined]
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        values.ValueClass = values.MultiProcessValue(counting.process)

REQUESTS = Counter("tael_requests", "Requests answered", ["route", "method", "status"])
SECONDS = Histogram(
    "tael_request_seconds",
    "Time from a request to its response",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
EVENTS = Counter(
    "tael_events", "Events of the platform, by what became of them", ["type", "outcome"]
)
ORDERS = Counter("tael_orders", "Orders placed and declined", ["outcome"])
HOLDS = Counter("tael_holds", "Amounts reserved for an order on a line", ["currency"])
INVOICES = Counter("tael_invoices", "Bills written, drafts among them", ["kind"])
PAYMENTS = Counter("tael_payments", "Attempts to collect a bill", ["provider", "outcome"])
ROWS = Counter("tael_job_rows", "Rows that jobs dealt with", ["job", "outcome"])
