"""The addresses of a merchant's pages of billing."""

from django.urls import path

from billing.documents.einvoices.files import SYNTAXES
from billing.views import (
    accountant,
    credits,
    days,
    details,
    disputes,
    found_charges,
    invoices,
    pricing,
    questions,
    requests,
    settings,
    statements,
    stripe_cards,
    unapplied,
)

app_name = "billing"

urlpatterns = [
    path("charges/", statements.charges, name="charges"),
    path("charges/all/", found_charges.all_charges, name="all_charges"),
    path("charges/all.csv", found_charges.export, name="all_charges_csv"),
    path("charges/chart.svg", statements.chart, name="charges_chart"),
    path("days.csv", days.export_days, name="days_csv"),
    path("days/", days.all_days, name="days"),
    path("days/<int:pk>/", days.day, name="day"),
    path("outlook/", days.outlook, name="outlook"),
    path("statements.csv", statements.export_statements, name="statements_csv"),
    path("statements/", statements.statements, name="statements"),
    path("statements/<month:month>/", statements.statement, name="statement"),
    path("statements/<month:month>.csv", statements.export_statement, name="statement_csv"),
    path("statements/<month:month>.pdf", statements.statement_pdf, name="statement_pdf"),
    path("requests.csv", requests.export_requests, name="requests_csv"),
    path("requests/", requests.fulfilment_requests, name="requests"),
    path("requests/<reference:reference>/", requests.fulfilment_request, name="request"),
    path("pricing/", pricing.pricing, name="pricing"),
    path("invoices.csv", invoices.export_invoices, name="invoices_csv"),
    path("invoices/", invoices.invoices, name="invoices"),
    path("invoices/<reference:number>/", invoices.invoice, name="invoice"),
    path("invoices/<reference:number>/pay/", invoices.pay, name="pay"),
    path("invoices/<reference:number>.pdf", invoices.invoice_pdf, name="invoice_pdf"),
    path(
        "invoices/<reference:number>/credit-note.pdf",
        invoices.credit_note_pdf,
        name="credit_note_pdf",
    ),
    *(
        path(
            f"invoices/<reference:number>/{document}{syntax}.xml",
            view,
            {"syntax": syntax},
            name=f"{name}_{syntax.replace('-', '_')}",
        )
        for name, document, view in (
            ("invoice", "", invoices.invoice_xml),
            ("credit_note", "credit-note/", invoices.credit_note_xml),
        )
        for syntax in SYNTAXES
    ),
    path("invoices/<reference:number>/cleared/", invoices.cleared_file, name="cleared_file"),
    path(
        "invoices/<reference:number>/credit-note/cleared/",
        invoices.cleared_note_file,
        name="cleared_note_file",
    ),
    path("invoices/<reference:number>.csv", invoices.export_invoice, name="invoice_csv"),
    path("invoices/<reference:number>/lines/<int:pk>/", invoices.invoice_line, name="invoice_line"),
    path("unapplied/", unapplied.unapplied, name="unapplied"),
    path("credits.csv", credits.export_credits, name="credits_csv"),
    path("credits/", credits.all_credits, name="credits"),
    path("credits/several/", disputes.dispute, name="dispute"),
    path("credits/new/", credits.new_credit, name="new_credit"),
    path("credits/<int:pk>/", credits.credit, name="credit"),
    path("accountant/", accountant.accountant, name="accountant"),
    path("accountant/charges.csv", accountant.export_charges, name="charges_csv"),
    path("accountant/years/<int:year>.zip", accountant.year_zip, name="year_zip"),
    path("accountant/years/<int:year>/build/", accountant.build_year, name="build_year"),
    path("accountant/years/dates/", accountant.choose_years, name="choose_years"),
    path("accountant/addresses/", accountant.add_address, name="add_address"),
    path("accountant/addresses/<int:pk>/remove/", accountant.remove_address, name="remove_address"),
    path("questions/", questions.questions, name="questions"),
    path("questions/ask/", questions.ask, name="ask_question"),
    path("settings/", settings.settings, name="settings"),
    path("settings/details/", details.details, name="details"),
    path("settings/threshold/", settings.ask_threshold, name="ask_threshold"),
    path("settings/threshold/requests/", settings.threshold_requests, name="threshold_requests"),
    path("settings/method/", settings.choose_method, name="choose_method"),
    path("settings/cards/", settings.add_sandbox_card, name="add_card"),
    path("settings/cards/stripe/", stripe_cards.add, name="add_stripe_card"),
    path("settings/cards/stripe/finish/", stripe_cards.finish, name="finish_stripe_card"),
    path("settings/cards/<int:pk>/remove/", settings.remove_card, name="remove_card"),
]
