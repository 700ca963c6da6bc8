"""Knows the request or task that this process is at work on, for the lines that it logs."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

from celery.signals import task_postrun, task_prerun
from django.http import HttpRequest

# In an address, what is as long as a secret and no word. A link's token has 39 characters at least.
BETWEEN = re.compile(r"[/?&=#:;,]")
SHORTEST_SECRET = 16
WORD = re.compile(r"[a-z_-]+|[0-9-]+")

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_task: ContextVar[dict[str, str]] = ContextVar("task")


@contextmanager
def of(request: HttpRequest, request_id: str) -> Iterator[None]:
    """Let log lines belong to this request while the block runs, and give the request its id, as
    `request.request_id`.
    """
    request.request_id = request_id  # type: ignore[attr-defined]
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def now() -> dict[str, Any]:
    """What is known of the present request or task, for log lines: `request_id`, `route`, the
    `merchant`'s reference and the `user`'s primary key, or `task`, `task_id` and `job`; never a
    name or an address. Empty outside of both.
    """
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


def without_secrets(text: str) -> str:
    r"""The text with those parts of the present request's address (path and query) that may be
    secret replaced by "***": those of SHORTEST_SECRET characters or more that are no plain words or
    numbers, except the merchant's reference; also as JSON writes them, which has other signs than
    those of ASCII as numbers, such as \u00e9. Outside of a request the text itself.

    Messages of exceptions may quote an address.
    """
    request = _request.get()
    if request is None:
        return text
    address = f"{request.path}?{request.META.get('QUERY_STRING', '')}"
    match = request.resolver_match
    merchant = match.kwargs.get("merchant", "") if match else ""
    for form in (unquote(unquote(address)), unquote(address), address):
        for piece in BETWEEN.split(form):
            is_secret = len(piece) >= SHORTEST_SECRET and not WORD.fullmatch(piece)
            if is_secret and piece != merchant:
                text = text.replace(piece, "***").replace(json.dumps(piece)[1:-1], "***")
    return text


@task_prerun.connect
def _start(task_id: str, task: Any, args: Any = (), **_: Any) -> None:
    """Note the Celery task that begins, so that log lines belong to it: its name, id and, for a
    task of jobs, the job's name, which is the first text among its arguments.
    """
    known = {"task": task.name, "task_id": task_id}
    names = [one for one in args if isinstance(one, str)]
    if task.name.startswith("jobs.tasks.") and names:
        known["job"] = names[0]
    _task.set(known)


@task_postrun.connect
def _end(**_: Any) -> None:
    """Let log lines belong to no task any more, as the one that they belonged to has ended."""
    _task.set({})
