"""What processes say of themselves, on standard error."""

import os

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("TAEL_LOG_LEVEL", "INFO").upper()},
    # Django's own handlers would print a second time, or mail people who are not configured.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "stripe": {"level": "WARNING"},  # it tells of every request
    },
}
