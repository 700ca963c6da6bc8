from django.urls import URLPattern, path

from merchants.views import notices

# These lie under the merchant's reference (config.urls).
of_a_merchant: list[URLPattern] = [
    path("notices/", notices.notices, name="notices"),
    path("settings/notifications/", notices.notifications, name="notifications"),
]
