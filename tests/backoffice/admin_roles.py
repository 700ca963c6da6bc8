"""Who may look at what in the admin, and decide about it: the table that tests go by.

A letter stands for a role: Credit officer, Billing officer, Auditor, aDministrator, Superuser.
docs/operations.md says the same in words.
"""

ALL, ABOVE = "CBADS", "ADS"  # who looks; officers see nothing of how Tael runs and is supervised
CREDIT, BILLING, RUNS = "C", "B", "DS"  # who decides; administrators decide no money

SEEN = {
    "account.emailaddress": ALL,
    "auth.group": ABOVE,
    "billing.accountchange": ALL,
    "billing.bankfile": ALL,
    "billing.bankline": ALL,
    "billing.bankstatement": ALL,
    "billing.banktransfer": ALL,
    "billing.invoicedecision": ALL,
    "billing.billingaccount": ALL,
    "billing.billingcredit": ALL,
    "billing.card": ALL,
    "billing.charge": ALL,
    "billing.collectionpause": ALL,
    "billing.dueday": ALL,
    "billing.fee": ALL,
    "billing.feeprice": ALL,
    "billing.fulfilmentrequest": ALL,
    "billing.invoice": ALL,
    "billing.invoiceitem": ALL,
    "billing.invoiceline": ALL,
    "billing.issuer": ALL,
    "billing.taxrate": ALL,
    "billing.journallock": ALL,
    "billing.chartaccount": ALL,
    "billing.feetaxclass": ALL,
    "billing.taxtreatment": ALL,
    "billing.invoicetax": ALL,
    "billing.creditnote": ALL,
    "billing.clearance": ALL,
    "billing.sandboxclearing": ALL,
    "billing.issuerversion": ALL,
    "billing.billingdetails": ALL,
    "billing.numberseries": ALL,
    "billing.payment": ALL,
    "billing.paymentplan": ALL,
    "billing.paymentplanpart": ALL,
    "billing.planterm": ALL,
    "billing.providerday": ALL,
    "billing.providerdifference": ALL,
    "billing.providermovement": ALL,
    "billing.providerpayout": ALL,
    "billing.reversal": ALL,
    "billing.statement": ALL,
    "billing.statementtotal": ALL,
    "billing.thresholdrequest": ALL,
    "billing.billingquestion": ALL,
    "billing.archivepart": ALL,
    "billing.billingaddress": ALL,
    "billing.documentmail": ALL,
    "billing.yeararchive": ALL,
    "billing.unappliedentry": ALL,
    "billing.waiver": ALL,
    "jobs.heartbeat": ABOVE,
    "jobs.jobfailure": ABOVE,
    "jobs.jobrun": ABOVE,
    "gateway.apikey": ABOVE,
    "gateway.import": ALL,
    "gateway.importedrow": ALL,
    "gateway.receivedevent": ALL,
    "gateway.replay": ABOVE,
    "gateway.replayrejection": ABOVE,
    "gateway.webhookattempt": ABOVE,
    "gateway.webhookdelivery": ABOVE,
    "gateway.webhookendpoint": ABOVE,
    "gateway.webhookevent": ABOVE,
    "gateway.webhooksecret": ABOVE,
    "credit.payoutrun": ALL,
    "credit.payoutschedule": ALL,
    "credit.creditline": ALL,
    "credit.creditpolicy": ALL,
    "credit.formerclosing": ALL,
    "credit.formerdays": ALL,
    "credit.freeze": ALL,
    "credit.limitentry": ALL,
    "credit.limitrequest": ALL,
    "credit.limitreview": ALL,
    "credit.order": ALL,
    "credit.orderflag": ALL,
    "credit.orderpayment": ALL,
    "credit.orderrefund": ALL,
    "credit.paymentfile": ALL,
    "credit.payoutanswer": ALL,
    "credit.payoutanswerfile": ALL,
    "credit.payoutdestination": ALL,
    "credit.proceedscorrection": ALL,
    "credit.proceedsentry": ALL,
    "credit.refusedcash": ALL,
    "credit.shopmetrics": ALL,
    "credit.unmatchedsettlement": ALL,
    "credit.withdrawal": ALL,
    "merchants.installation": ABOVE,
    "merchants.invitation": ALL,
    "merchants.look": ALL,
    "merchants.note": ALL,
    "jobs.lease": ABOVE,
    "merchants.membership": ALL,
    "merchants.merchant": ALL,
    "notices.notice": ALL,
    "notices.noticemail": ALL,
    "merchants.profile": ALL,
    "merchants.profilestep": ALL,
    "merchants.operatordecision": ALL,
    "merchants.operatorfigure": ABOVE,
    "merchants.operatorpolicy": ALL,
    "merchants.proposal": ALL,
    "merchants.enrolledfactor": ABOVE,
    "merchants.erasure": ABOVE,
    "merchants.securitymail": ABOVE,
    "merchants.signin": ABOVE,
    "merchants.timezonedata": ABOVE,
    "merchants.timezoneperiod": ALL,
    "trail.trailentry": ABOVE,
    "merchants.user": ALL,
    "mfa.authenticator": ABOVE,
}

# Decisions about one row, decisions about a list, downloads: by model, and who may.
DECIDED = {
    "billing.clearance": (BILLING, "enter again"),
    "billing.billingaccount": (
        BILLING,
        "charge bill-now credit threshold plan time-zone method review no-review issuer tax"
        " transfer give-back close reopen bill-rest pay-out",
    ),
    "billing.bankline": (BILLING, "confirm refuse place returns take-back take-off set-aside"),
    "billing.bankstatement": (BILLING, "accept set-aside"),
    "billing.banktransfer": (BILLING, "move value-date"),
    "billing.billingcredit": (BILLING, "approve reject undo"),
    "billing.card": (BILLING, "block"),
    "billing.charge": (BILLING, "credit"),
    "billing.feeprice": (BILLING, "introduce"),
    "billing.invoice": (
        BILLING,
        "issue send-back transfer pay void uncollectible waive due-day pause resume plan"
        " cancel-plan",
    ),
    "billing.payment": (BILLING, "ask end"),
    "billing.providerdifference": (BILLING, "close"),
    "billing.reversal": (BILLING, "charge accept"),
    "billing.thresholdrequest": (BILLING, "approve reject"),
    "billing.billingquestion": (BILLING, "answer"),
    "billing.billingdetails": (BILLING, "confirm reject"),
    "billing.issuer": (RUNS, "change banks references clearing"),
    "gateway.apikey": (RUNS, "rotate revoke"),
    "gateway.import": (CREDIT + BILLING, "stop resume"),  # those of their own kinds
    "gateway.receivedevent": (CREDIT + BILLING, "send-again"),
    "jobs.jobfailure": (RUNS, "retry"),
    "credit.creditline": (CREDIT, "limit freeze days correct"),
    "credit.proceedscorrection": (CREDIT, "take-back"),
    "gateway.webhookdelivery": (RUNS, "resend"),
    "gateway.webhookendpoint": (RUNS, "types secret resend off on"),
    "credit.creditpolicy": (RUNS, "introduce withdraw"),
    "credit.freeze": (CREDIT, "lift"),
    "credit.limitrequest": (CREDIT, "approve reject answer"),
    "credit.limitreview": (CREDIT, "approve reject"),
    "credit.order": (CREDIT, "cancel refund write-off"),
    "credit.orderflag": (CREDIT, "dismiss confirm"),
    "credit.orderpayment": (CREDIT, "apply release return"),
    "credit.payoutdestination": (CREDIT, "block"),
    "credit.refusedcash": (CREDIT, "close"),
    "credit.withdrawal": (CREDIT, "approve reject paid failed sent-back correct"),
    "merchants.membership": (RUNS, "role remove"),
    "merchants.invitation": (RUNS, "send-again revoke"),
    "merchants.merchant": (RUNS, "invite look note details contacts erase-contacts key"),
    "notices.noticemail": (CREDIT + BILLING + RUNS, "again"),
    "merchants.profile": (
        CREDIT,
        "confirm-licence reject-licence confirm-contacts reject-contacts",
    ),
    "merchants.operatorpolicy": (RUNS, "introduce withdraw"),
    "merchants.proposal": (CREDIT + BILLING + RUNS, "confirm refuse withdraw"),  # of their kinds
    "merchants.user": (RUNS, "roles link second-factors sessions deactivate reactivate erase"),
}
DECIDED_IN_LISTS = {
    "billing.bankfile": (BILLING, "upload"),
    "billing.fee": (BILLING, "add"),
    "billing.issuer": (RUNS, "add"),
    "billing.taxrate": (RUNS, "introduce"),
    "billing.journallock": (BILLING + RUNS, "lock"),
    "billing.chartaccount": (RUNS, "choose"),
    "billing.feetaxclass": (RUNS, "choose"),
    "billing.feeprice": (BILLING, "introduce"),
    "gateway.apikey": (RUNS, "make"),
    "gateway.import": (CREDIT + BILLING, "upload"),
    "gateway.webhookendpoint": (RUNS, "add"),
    "jobs.jobrun": (RUNS, "run"),
    "credit.creditpolicy": (RUNS, "introduce"),
    "merchants.operatorpolicy": (RUNS, "introduce"),
    "credit.withdrawal": (CREDIT, "export answers"),
    "merchants.membership": (RUNS, "invite"),
    "notices.notice": (CREDIT + BILLING + RUNS, "write"),
    "merchants.merchant": (CREDIT, "add"),
    "merchants.user": (RUNS, "add-operator"),
    "merchants.erasure": (RUNS, "buyer buyer-data payer payer-data address address-data"),
}
# Those of the decisions about one row that can be taken for several rows of a list, by who may
# take them for one.
DECIDED_FOR_SEVERAL = {
    "billing.billingcredit": "approve reject",
    "billing.invoice": "issue",
    "billing.thresholdrequest": "reject",
    "credit.freeze": "lift",
    "credit.limitrequest": "reject",
    "credit.limitreview": "approve reject",
    "credit.orderflag": "dismiss confirm",
    "credit.refusedcash": "close",
    "credit.withdrawal": "approve reject failed",
    "gateway.receivedevent": "send-again",
    "gateway.webhookdelivery": "resend",
    "jobs.jobfailure": "retry",
}
DOWNLOADED = {
    "billing.invoice": (ALL, "pdf csv xml-factur-x xml-ubl"),
    "billing.creditnote": (ALL, "pdf xml-factur-x xml-ubl"),
    "billing.statement": (ALL, "pdf csv"),
    "credit.withdrawal": (CREDIT, "file file-as-sent"),
    "merchants.profile": (CREDIT, "licence"),
    "merchants.user": (RUNS, "data"),
    "merchants.merchant": (RUNS, "contacts-data"),
}

# Decisions that take another permission than to change such rows: who may, and which it is.
OTHER_PERMISSIONS = {
    ("merchants.merchant", "key"): (RUNS, "gateway.change_apikey"),
    ("merchants.merchant", "erase-contacts"): (RUNS, "merchants.change_user"),
    ("merchants.merchant", "contacts-data"): (RUNS, "merchants.change_user"),
    ("merchants.merchant", "look"): (ALL, "merchants.view_look"),
    ("merchants.merchant", "note"): (CREDIT + BILLING + RUNS, "merchants.change_note"),
}

# Of their own.
WITHOUT_PAGES = {
    "billing.archivepart",
    "billing.sandboxclearing",
    "jobs.heartbeat",
    "jobs.lease",
    "merchants.operatorfigure",
}

# Files of a whole list, by their route's name: for who looks at the list.
EXPORTED = {
    f"{label.replace('.', '_')}_export": label for label in SEEN if label not in WITHOUT_PAGES
}

# Pages beside those of the models: what they have in their address, and who gets which status.
DESK = {
    "admin:gateway_import_result": ((999_999_999,), ALL, 404),  # of an import that is not there
    "backoffice:chart": (("USD", "no-such-picture"), ALL, 404),
    "backoffice:find": ((), ALL + "N", 200),  # finds nothing that somebody may not look at
    "backoffice:merchant": (("rosewood",), ALL, 200),
    "backoffice:reports": ((), ALL + "N", 200),  # lists what somebody may look at
    "backoffice:report": (("revenue",), ALL, 200),
    "backoffice:report_rows": (("revenue",), ALL, 200),
    "backoffice:report_picture": (("revenue",), ALL, 200),
    "backoffice:report_csv": (("revenue",), ALL, 200),
    "admin:billing_journallock_entries": ((), ALL, 200),
    "admin:billing_journallock_balances": ((), ALL, 200),
    "admin:billing_journallock_taxes": ((), ALL, 200),
    "admin:billing_journallock_tax_documents": ((), ALL, 404),  # of no rate
    "admin:billing_journallock_file": (("csv",), ALL, 200),
}

# Pages of the site itself, for whoever is an operator, with a role or without; by its route's name.
OF_THE_SITE = {
    "app_list": None,  # lists what somebody may look at: 404 for who may look at nothing there
    "autocomplete": 403,  # nothing in the admin is chosen from a list that grows
    "index": 200,
    "jsi18n": 200,
    "login": 302,  # on to the admin
    "logout": 405,  # takes a POST
    "lists": 200,
    "password_change": 302,  # to allauth's
    "password_change_done": 302,
    "search": 200,
    "time_zone": 200,  # the own one
    "view_on_site": 404,
}
OF_A_MODEL = ("changelist", "add", "change", "delete", "history", "decide", "decide_list",
              "download", "export", "decide_several")  # fmt: skip
