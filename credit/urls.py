from django.urls import path

from credit import destination_views as destinations
from credit import proceeds_views as proceeds
from credit import views
from credit import withdrawal_views as withdrawals

app_name = "credit"

urlpatterns = [
    path("orders/", views.orders, name="orders"),
    path("orders/<reference:reference>/", views.order, name="order"),
    path("proceeds/", proceeds.overview, name="proceeds"),
    path("proceeds/days/<day:on>/", proceeds.day, name="proceeds_day"),
    path("proceeds/entries/", proceeds.entries, name="proceeds_entries"),
    path("proceeds/entries.csv", proceeds.export_entries, name="proceeds_csv"),
    path("withdrawals/", withdrawals.history, name="withdrawals"),
    path("withdrawals/new/", withdrawals.new, name="withdraw"),
    path("withdrawals/<reference:reference>/", withdrawals.withdrawal, name="withdrawal"),
    path("withdrawals/<reference:reference>/cancel/", withdrawals.cancel, name="cancel_withdrawal"),
    path("destinations/", destinations.destinations, name="destinations"),
    path("destinations/new/", destinations.new, name="add_destination"),
    path("destinations/<int:pk>/remove/", destinations.remove, name="remove_destination"),
]
