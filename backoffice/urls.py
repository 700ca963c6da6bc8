"""The addresses below /admin/ that the admin does not make by itself."""

from django.contrib.admin import site
from django.urls import path

from backoffice import views

app_name = "backoffice"
urlpatterns = [
    path("find/", site.admin_view(views.find), name="find"),
    path("figures/<str:currency>/<slug:name>.svg", site.admin_view(views.chart), name="chart"),
    path("merchant/<reference:reference>/", site.admin_view(views.merchant), name="merchant"),
]
