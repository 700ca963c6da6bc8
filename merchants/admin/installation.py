"""What others know this installation by, and the time-zone data that its books count days by.

One row each. Commands of whoever runs the installation change them; here they are looked at.
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
