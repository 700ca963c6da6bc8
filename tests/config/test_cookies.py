"""What a deployment's cookies are like: read from the settings, as a deployment has them."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

ASK = """
import json
from config import settings
names = [name for name in dir(settings) if "COOKIE" in name]
print(json.dumps({name: getattr(settings, name) for name in names}))
"""
DEPLOYMENT = {
    "DATABASE_URL": "postgresql://tael@db.example/tael",
    "REDIS_URL": "redis://redis.example",
    "SECRET_KEY": "not a secret, but long enough to be taken for one",
    "TAEL_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "tael.example",
    "TAEL_BASE_URL": "https://tael.example",
    "EMAIL_HOST": "mail.example",
    "DEFAULT_FROM_EMAIL": "tael@tael.example",
}


def cookies(**environment: str) -> dict[str, object]:
    """The settings of cookies in a deployment with this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**kept, **DEPLOYMENT, **environment},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, object] = json.loads(told)
    return found


def test_a_deployments_cookies_stay_with_this_host_and_out_of_scripts() -> None:
    found = cookies()
    assert found["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert found["CSRF_COOKIE_NAME"] == "__Host-csrftoken"
    for cookie in ("SESSION", "CSRF", "LANGUAGE"):
        assert found[f"{cookie}_COOKIE_SECURE"] is True
        assert found[f"{cookie}_COOKIE_HTTPONLY"] is True
        assert found[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
    assert found["SESSION_COOKIE_AGE"] == 12 * 60 * 60


@pytest.mark.full  # with it they are as above
def test_without_https_a_browser_would_drop_such_cookies() -> None:
    found = cookies(TAEL_HTTPS="0")
    assert "SESSION_COOKIE_NAME" not in found
    assert found["SESSION_COOKIE_SECURE"] is False
