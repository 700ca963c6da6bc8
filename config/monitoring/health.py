"""Whether this process is up, and whether all that it needs is there.

/healthz     the process answers: nothing else is looked at
/readyz/web  what a page needs: the database with all its migrations, the books' time-zone data, the
             cache, the broker, files that were collected, and a host to answer to: for load
             balancers
/readyz      the same, the scheduler, and no run that lost a chunk: for whoever is to be woken up
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Set
from functools import partial

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from config import deployment, waits
from config.celery import app
from config.local import embedded
from jobs import queries
from lib import cells, clock, zones
from lib.cells import adding_up
from merchants import time_zone_data

log = logging.getLogger(__name__)

Check = Callable[[], str]  # what is wrong; nothing if it is empty
FAILED = "failed"  # how what could not be found out begins
SHEET = "css/app.css"  # of every page
LOOK_AGAIN_SECONDS = 60  # for migrations: it takes a look at every file
CELLS_SECONDS = 2.0  # for the migrations of all cells together

_migrated_at = 0.0


class Health:
    """Middleware that answers health checks before any other middleware runs, since their Host is
    often an IP address, and they come by plain HTTP.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.answers: dict[str, Callable[[], HttpResponse]] = {
            "/healthz": _healthz,
            "/readyz": partial(_readyz, WEB | SCHEDULER),
            "/readyz/web": partial(_readyz, WEB),
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.answers.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = answer()
        response.headers["Cache-Control"] = "no-store"
        return response


def _healthz() -> HttpResponse:
    """The response 200 that says that this process answers; nothing is checked."""
    return JsonResponse({"status": "up"})


def _readyz(checks: Mapping[str, Check]) -> HttpResponse:
    """The response to a readiness check, in JSON: it runs these checks by name and answers 200, or
    503 if one fails. It says in a few words what fails; the log has the rest. Checks that need the
    database are not run if that failed.
    """
    found: dict[str, str] = {}
    for name, check in checks.items():
        # A database that does not answer would cost a whole time-out with each check.
        is_away = name in ASK_THE_DATABASE and found["database"].startswith(FAILED)
        found[name] = found["database"] if is_away else _found(name, check)
    is_ready = not any(found.values())
    content = {
        "status": "ready" if is_ready else "not ready",
        "checks": {name: wrong or "ok" for name, wrong in found.items()},
    }
    return JsonResponse(content, status=200 if is_ready else 503)


def _found(name: str, check: Check) -> str:
    """Run the check with this name. Returns "" if all is well, or what is wrong; if the check
    raises an error, that is logged and its class named.
    """
    try:
        return check()
    except Exception as error:
        log.warning("Not ready: %s: %s", name, error)
        return f"{FAILED} ({type(error).__name__})"


def _database() -> str:
    """Check that the database answers and that all migrations are applied, to what is shared and
    to each cell. Once they all were, the migrations are looked at about once a minute only. Returns
    "" or what is wrong; raises the database's error if it does not answer.
    """
    global _migrated_at
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if _migrated_at and time.monotonic() - _migrated_at < LOOK_AGAIN_SECONDS:
        return ""
    executor = MigrationExecutor(connection)
    if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return f"{len(missing)} migrations are not applied"
    if missing_in_cells := _cells(set(executor.loader.graph.nodes)):
        return missing_in_cells
    _migrated_at = time.monotonic()
    return ""


def _cells(wanted: Set[tuple[str, str]]) -> str:
    """Check that these migrations, by app and name, are applied in each cell, where there are any.
    The cells are asked at once, for CELLS_SECONDS at most. One that does not answer is not looked
    at: the others' pages can be shown. Returns "" or what is wrong.
    """
    if not cells.are_on():
        return ""
    answers = adding_up.each(
        lambda: set(MigrationRecorder.Migration.objects.values_list("app", "name")),
        most_seconds=CELLS_SECONDS,
    )
    lacking = {number: len(wanted - applied) for number, applied in answers.found.items()}
    return ", ".join(
        f"{count} migrations are not applied in cell {number}"
        for number, count in lacking.items()
        if count
    )


def _clock() -> str:
    """Check that this machine's clock is not more than the 5 minutes ahead of the database's that
    are forgiven (lib.clock). Returns "" or what is wrong.
    """
    try:
        clock.now()
    except clock.ClockAhead as wrong:
        return str(wrong)
    return ""


def _zones() -> str:
    """Check that this server has the same time-zone data as the books. Returns "" or what is
    wrong.
    """
    known = time_zone_data.current().version
    return "" if known == zones.VERSION else f"the books have {known}, this server {zones.VERSION}"


def _static() -> str:
    """Check that collectstatic has run; without it no page can name its files. Returns "" or what
    is wrong.
    """
    try:
        name = staticfiles_storage.url(SHEET).removeprefix(settings.STATIC_URL)
    except ValueError:
        is_collected = False
    else:
        is_collected = settings.WHITENOISE_USE_FINDERS or staticfiles_storage.exists(name)
    return "" if is_collected else "run collectstatic: its files are not where this server looks"


def _hosts() -> str:
    """Check that this server answers to the host of TAEL_BASE_URL. Returns "" or what is wrong."""
    unknown = deployment.unknown_host(settings.TAEL_BASE_URL, settings.ALLOWED_HOSTS)
    return f"{unknown} is not in ALLOWED_HOSTS" if unknown else ""


def _cache() -> str:
    """Check that the cache gives back what was put in. Returns "" or what is wrong; raises an error
    if it does not answer.
    """
    key = f"readyz-{secrets.token_hex(8)}"  # another one each time: several may look at once
    cache.set(key, "here", timeout=LOOK_AGAIN_SECONDS)
    return "" if cache.get(key) == "here" else "forgets"


def _broker() -> str:
    """Check that the broker answers, starting the embedded one unless it runs. Returns ""; raises
    an error if the broker does not answer.
    """
    embedded.ensure()
    with app.connection_for_read(transport_options=waits.probing()) as broker:
        broker.ensure_connection(max_retries=1, timeout=waits.PROBE_SECONDS)
    return ""


def _scheduler() -> str:
    """Check that the scheduler's last heartbeat is not stale (`queries.is_stale`). Returns "" or
    what is wrong, also if there was none yet.
    """
    heartbeat = queries.heartbeat_at()
    if not queries.is_stale(heartbeat, clock.now()):
        return ""
    return f"no heartbeat since {heartbeat.isoformat()}" if heartbeat else "no heartbeat yet"


def _runs() -> str:
    """Check that no job run lost a chunk: none is open and did no chunk for over an hour, or was
    closed as lost within the last hour. Returns "" or how many there are.
    """
    now = clock.now()
    stuck = queries.stuck(now).count()
    lost = queries.lost_since(now - queries.STUCK_AFTER).count()
    return f"{stuck} open for over an hour, {lost} lost" if stuck or lost else ""


WEB: dict[str, Check] = {
    "database": _database,
    "clock": _clock,
    "zones": _zones,
    "static": _static,
    "hosts": _hosts,
    "cache": _cache,
    "broker": _broker,
}
SCHEDULER: dict[str, Check] = {"scheduler": _scheduler, "runs": _runs}
ASK_THE_DATABASE = {"clock", "zones", *SCHEDULER}
