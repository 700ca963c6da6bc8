"""The addresses below /admin/ that the admin does not make by itself."""

from django.contrib.admin import site
from django.urls import path

from backoffice import views
from backoffice.reports import pages as reports

app_name = "backoffice"
urlpatterns = [
    path("find/", site.admin_view(views.find), name="find"),
    path("figures/<str:currency>/<slug:name>.svg", site.admin_view(views.chart), name="chart"),
    path("reports/", site.admin_view(reports.listed), name="reports"),
    path("reports/<slug:name>/", site.admin_view(reports.shown), name="report"),
    path("reports/<slug:name>/rows/", site.admin_view(reports.opened), name="report_rows"),
    path("reports/<slug:name>.svg", site.admin_view(reports.picture), name="report_picture"),
    path("reports/<slug:name>.csv", site.admin_view(reports.exported), name="report_csv"),
    path("merchant/<reference:reference>/", site.admin_view(views.merchant), name="merchant"),
]
