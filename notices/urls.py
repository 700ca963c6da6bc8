"""The addresses of the pages of notices."""

from django.urls import URLPattern, path

from notices import views

# These lie under the merchant's reference (config.urls).
of_a_merchant: list[URLPattern] = [
    path("notices.csv", views.export_notices, name="notices_csv"),
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.mark_read, name="mark_read"),
    path("settings/notifications/", views.notifications, name="notifications"),
]
