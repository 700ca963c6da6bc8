from django.urls import path

from credit.views import (
    destinations,
    limit,
    orders,
    own_rules,
    proceeds,
    raising,
    withdrawals,
)

app_name = "credit"

urlpatterns = [
    path("limit/", limit.limit, name="limit"),
    path("limit/chart.svg", limit.chart, name="limit_chart"),
    path("limit/entries.csv", limit.export_entries, name="limit_csv"),
    path("limit/pause/", own_rules.pause, name="pause_orders"),
    path("limit/caps/", own_rules.caps, name="caps"),
    path("raise/", raising.how_to_raise, name="raise"),
    path("raise/ask/", raising.ask_raise, name="ask_raise"),
    path("raise/question/", raising.ask_question, name="ask_question"),
    path("raise/requests/", raising.all_requests, name="requests"),
    path("raise/reviews/", raising.reviews, name="reviews"),
    path("raise/reviews/<month:month>/", raising.review, name="review"),
    path("check/", limit.check, name="check"),
    path("orders/", orders.orders, name="orders"),
    path("orders.csv", orders.export_orders, name="orders_csv"),
    path("orders/<reference:reference>/", orders.order, name="order"),
    path("declined/", orders.declined_orders, name="declined"),
    path("declined.csv", orders.export_declined, name="declined_csv"),
    path("freezes/", limit.freeze_history, name="freezes"),
    path("proceeds/", proceeds.overview, name="proceeds"),
    path("proceeds/days/<day:on>/", proceeds.day, name="proceeds_day"),
    path("proceeds/entries/", proceeds.entries, name="proceeds_entries"),
    path("proceeds/entries.csv", proceeds.export_entries, name="proceeds_csv"),
    path("withdrawals/", withdrawals.history, name="withdrawals"),
    path("withdrawals.csv", withdrawals.export, name="withdrawals_csv"),
    path("withdrawals/new/", withdrawals.new, name="withdraw"),
    path("withdrawals/<reference:reference>/", withdrawals.withdrawal, name="withdrawal"),
    path("withdrawals/<reference:reference>/cancel/", withdrawals.cancel, name="cancel_withdrawal"),
    path("destinations/", destinations.destinations, name="destinations"),
    path("destinations/new/", destinations.new, name="add_destination"),
    path("destinations/<int:pk>/remove/", destinations.remove, name="remove_destination"),
]
