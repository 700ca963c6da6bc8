from django.urls import path

from credit import views

app_name = "credit"

urlpatterns = [
    path("orders/", views.orders, name="orders"),
    path("orders/<reference:reference>/", views.order, name="order"),
]
