"""Checks that the settings are there that a deployment needs; a demonstration needs none of
them.
"""

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from config import redis_servers

# In the order in which they are asked for; why follows "this is a deployment".
NEEDED = {
    "REDIS_URL": "its processes share one Redis",
    "ALLOWED_HOSTS": "it answers to the names that are said there alone",
    "TAEL_BASE_URL": "the links in its e-mails lead there",
    "EMAIL_HOST": "everybody's first sign-in needs a link by e-mail",
    "DEFAULT_FROM_EMAIL": "mail servers refuse letters from nobody",
}


def check() -> None:
    """Raise ImproperlyConfigured, with one sentence, for the first needed setting that is missing.
    It is called for deployments alone. REDIS_URL is not needed where the broker and the cache are
    named each by itself; without it, one of them alone is refused, too (redis_servers.given).
    """
    for name, why in NEEDED.items():
        if name == "REDIS_URL" and redis_servers.given():
            continue
        if not os.environ.get(name, "").strip():
            raise ImproperlyConfigured(
                f"Set {name}: DATABASE_URL is set, so this is a deployment, and {why}."
            )


def unknown_host(base_url: str, allowed: Sequence[str]) -> str:
    """The host of `base_url`, the address that links in e-mails begin with, if it is not among the
    `allowed` hosts (ALLOWED_HOSTS); "" if it is.
    """
    host = urlsplit(base_url).hostname or base_url
    return "" if validate_host(host, allowed) else host


def check_host(base_url: str, allowed: Sequence[str]) -> None:
    """Raise ImproperlyConfigured if the host of `base_url`, to which links in e-mails lead, is not
    among the `allowed` hosts (ALLOWED_HOSTS), to which Tael answers.
    """
    if host := unknown_host(base_url, allowed):
        raise ImproperlyConfigured(
            f"Add {host}, the host of TAEL_BASE_URL, to ALLOWED_HOSTS: links in e-mails lead there,"
            " and Tael would not answer."
        )
