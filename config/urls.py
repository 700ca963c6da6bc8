"""The addresses of all pages, files and routes."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, register_converter

from billing import webhooks
from billing.views import address_links
from config import security_txt
from gateway.api.service import api
from lib.converters import DayConverter, MonthConverter, ReferenceConverter
from merchants import urls as merchants_urls
from notices import urls
from pages import calendar_views, views

register_converter(ReferenceConverter, "reference")
register_converter(MonthConverter, "month")
register_converter(DayConverter, "day")

# Everything of a merchant lies under its reference, so that two tabs never mix two merchants.
of_a_merchant: list[URLPattern | URLResolver] = [
    path("", views.overview, name="overview"),
    path("calendar/", calendar_views.show, name="calendar"),
    path("calendar/chart.svg", calendar_views.chart, name="calendar_chart"),
    path("search/", views.find, name="search"),
    path("help/", views.show_help, name="help"),
    path("credit/", include("credit.urls")),
    path("billing/", include("billing.urls")),
    path("", include((merchants_urls.of_a_merchant + urls.of_a_merchant, "merchant"))),
]

handler403 = "pages.errors.not_allowed"
handler404 = "pages.errors.not_found"
handler500 = "config.monitoring.outages.server_error"

urlpatterns = [
    path("", include("merchants.urls")),
    path("m/<reference:merchant>/", include(of_a_merchant)),
    path("help/", views.help_of_person, name="my_help"),
    path("documents/confirm/<str:token>/", address_links.confirm, name="confirm_address"),
    path("documents/stop/<str:token>/", address_links.stop, name="stop_address"),
    path("api/v1/", api.urls),
    path("webhooks/stripe/", webhooks.of_stripe, name="stripe_webhook"),
    path("admin/", include("backoffice.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("merchants.sign_in.allauth_overrides")),
    path("accounts/", include("allauth.urls")),
    path(".well-known/security.txt", security_txt.show, name="security_txt"),
    path("i18n/", include("django.conf.urls.i18n")),
]
