"""How long Tael waits for its own servers, which may accept a connection and never answer.

A host that lost its network or its disk does so. The caller then gets an error in seconds, as if
the server were away (config.monitoring.outages), and no thread is lost to it.
"""

CONNECT_SECONDS = 5
REDIS_SECONDS = 3  # for an answer; it has them in thousandths
BROKER_SECONDS = 5  # a worker's longest question lasts one second
PROBE_SECONDS = 2  # of readiness and metrics

# As libpq names them. The last four are about hosts that are gone: what was sent is acknowledged by
# nobody, so that the connection is given up within a minute, though no answer was owed by then.
DATABASE: dict[str, object] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # thousandths of a second
}
REDIS: dict[str, object] = {
    "socket_connect_timeout": CONNECT_SECONDS,
    "socket_timeout": REDIS_SECONDS,
}
BROKER: dict[str, object] = {
    "socket_connect_timeout": CONNECT_SECONDS,
    "socket_timeout": BROKER_SECONDS,
    "socket_keepalive": True,
}
# How often a task is sent again before the broker counts as away: a connection that a restarted
# Redis has closed is noticed at the first try.
PUBLISHING = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}


def probing() -> dict[str, object]:
    """The options of kombu for connections to the broker, with the short time-outs of a health
    check instead of the usual ones.
    """
    return {**BROKER, "socket_connect_timeout": PROBE_SECONDS, "socket_timeout": PROBE_SECONDS}
