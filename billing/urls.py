from django.urls import path

from billing.views import (
    bills,
    credits,
    days,
    pricing,
    requests,
    settings,
    statements,
    stripe_cards,
)

app_name = "billing"

urlpatterns = [
    path("charges/", statements.charges, name="charges"),
    path("charges/chart.svg", statements.chart, name="charges_chart"),
    path("days/", days.all_days, name="days"),
    path("days/<int:pk>/", days.day, name="day"),
    path("outlook/", days.outlook, name="outlook"),
    path("statements.csv", statements.export_statements, name="statements_csv"),
    path("statements/", statements.statements, name="statements"),
    path("statements/<month:month>/", statements.statement, name="statement"),
    path("statements/<month:month>.csv", statements.export_statement, name="statement_csv"),
    path("statements/<month:month>.pdf", statements.statement_pdf, name="statement_pdf"),
    path("requests/", requests.fulfilment_requests, name="requests"),
    path("requests/<reference:reference>/", requests.fulfilment_request, name="request"),
    path("pricing/", pricing.pricing, name="pricing"),
    path("bills.csv", bills.export_bills, name="bills_csv"),
    path("bills/", bills.bills, name="bills"),
    path("bills/<reference:number>/", bills.bill, name="bill"),
    path("bills/<reference:number>/pay/", bills.pay, name="pay"),
    path("bills/<reference:number>.pdf", bills.bill_pdf, name="bill_pdf"),
    path("bills/<reference:number>.csv", bills.export_bill, name="bill_csv"),
    path("bills/<reference:number>/lines/<int:pk>/", bills.bill_line, name="bill_line"),
    path("credits/", credits.all_credits, name="credits"),
    path("credits/new/", credits.new_credit, name="new_credit"),
    path("credits/<int:pk>/", credits.credit, name="credit"),
    path("settings/", settings.settings, name="settings"),
    path("settings/threshold/", settings.ask_threshold, name="ask_threshold"),
    path("settings/threshold/requests/", settings.threshold_requests, name="threshold_requests"),
    path("settings/method/", settings.choose_method, name="choose_method"),
    path("settings/cards/", settings.add_sandbox_card, name="add_card"),
    path("settings/cards/stripe/", stripe_cards.add, name="add_stripe_card"),
    path("settings/cards/stripe/finish/", stripe_cards.finish, name="finish_stripe_card"),
    path("settings/cards/<int:pk>/remove/", settings.remove_card, name="remove_card"),
]
