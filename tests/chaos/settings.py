"""Tael's settings, with a mail server and a bank of the run's own."""

from config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.apps.Chaos"]  # noqa: F405
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_TIMEOUT = 3
EMAIL_USE_TLS = False
TAEL_PAYOUT_PROVIDER = "http"
TAEL_ADMIN_IDLE_MINUTES = 0  # days pass in seconds
