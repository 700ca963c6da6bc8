"""Beat with a heartbeat every two seconds: a heartbeat asks for the runs that are owed, and here
minutes pass in less.
"""

import django
from celery.schedules import schedule

from config import celery_app as app

HEARTBEAT_SECONDS = 2

django.setup()
app.conf.beat_schedule["heartbeat"]["schedule"] = schedule(HEARTBEAT_SECONDS)
