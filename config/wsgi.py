"""The WSGI application that gunicorn serves: `gunicorn config.wsgi`, with gunicorn.conf.py."""

import os

from django.core.wsgi import get_wsgi_application
from django.db.backends.signals import connection_created

from config import bounds
from lib import statement_timeout

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = bounds.in_utf_8(get_wsgi_application())
connection_created.connect(statement_timeout.bound)

from config import installation  # noqa: E402 - once there are settings

installation.check()
