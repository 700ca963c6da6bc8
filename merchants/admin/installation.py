"""The admin pages of the installation's prefix and of its time-zone data, with one row each.

Only commands change them (`manage.py prefix`, `manage.py timezones`).
"""

from django.contrib import admin

from backoffice.list_pages import ReadOnly
from merchants.models import Installation, TimeZoneData


@admin.register(Installation)
class InstallationAdmin(ReadOnly):
    list_display = ("prefix", "place", "set_at", "set_by")


@admin.register(TimeZoneData)
class TimeZoneDataAdmin(ReadOnly):
    list_display = ("version", "taken_at", "taken_by")
