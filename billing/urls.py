from django.urls import path

from billing import views

app_name = "billing"

urlpatterns = [
    path("statements/", views.statements, name="statements"),
    path("statements/<month:month>/", views.statement, name="statement"),
    path("statements/<month:month>.csv", views.export_statement, name="statement_csv"),
    path("statements/<month:month>.pdf", views.statement_pdf, name="statement_pdf"),
    path("bills/", views.bills, name="bills"),
    path("bills/<reference:number>/", views.bill, name="bill"),
    path("bills/<reference:number>.pdf", views.bill_pdf, name="bill_pdf"),
    path("bills/<reference:number>/lines/<int:pk>/", views.bill_line, name="bill_line"),
    path("bills/<reference:number>.csv", views.export_bill, name="bill_csv"),
    path("requests/", views.fulfilment_requests, name="requests"),
    path("requests/<reference:reference>/", views.fulfilment_request, name="request"),
]
