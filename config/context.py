"""What this process is just doing, for the lines that it logs: a request, or a task."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from celery.signals import task_postrun, task_prerun
from django.http import HttpRequest

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_task: ContextVar[dict[str, str]] = ContextVar("task")


@contextmanager
def of(request: HttpRequest, request_id: str) -> Iterator[None]:
    request.request_id = request_id  # type: ignore[attr-defined]
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def now() -> dict[str, Any]:
    """Request or task, the merchant's reference, the user's number; never a name or an address."""
    known: dict[str, Any] = dict(_task.get({}))
    request = _request.get()
    if request is None:
        return known
    known["request_id"] = request.request_id  # type: ignore[attr-defined]
    if match := request.resolver_match:
        known["route"] = match.view_name
        if "merchant" in match.kwargs:
            known["merchant"] = match.kwargs["merchant"]
    user = request.__dict__.get("_cached_user")  # who was asked for already: logging asks nobody
    if user is not None and user.pk:
        known["user"] = user.pk
    return known


@task_prerun.connect
def _start(task_id: str, task: Any, args: Any = (), **_: Any) -> None:
    known = {"task": task.name, "task_id": task_id}
    names = [one for one in args if isinstance(one, str)]
    if task.name.startswith("config.tasks.") and names:
        known["job"] = names[0]
    _task.set(known)


@task_postrun.connect
def _end(**_: Any) -> None:
    _task.set({})
