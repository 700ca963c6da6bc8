"""The door that Celery beat knocks on: it finds what a job has to do, and spreads it out."""

from celery import shared_task
from django.utils import timezone

from config.celery import TIMETABLE


@shared_task
def run_job(name: str) -> None:
    (job,) = (job for job in TIMETABLE if job.name == name)
    job.spread(timezone.now())
