"""The taxes of bills: which rate their lines have, and what comes to how much (rule 28.2 to rule
28.4, rule 28.13 to rule 28.17).
"""

from billing.audit.charges import CREDITS, minor_digits
from billing.audit.invoices import DRAWN_UP_AT, INVOICE
from billing.models import Fee
from billing.tax import EUROPEAN_UNION, REVERSIBLE
from lib.audit import Check

UNION = ", ".join(f"'{code}'" for code in sorted(EUROPEAN_UNION))
# What is in force on a day, of what is known of it: rates and classes never change for a day that a
# bill may be of.
OF_CLASS = """(
    SELECT rate.percent FROM billing_taxrate rate
    WHERE rate.country = served.country AND rate.tax_class = {tax_class}
      AND rate.starts_on <= served.day
    ORDER BY rate.starts_on DESC, rate.id DESC LIMIT 1
)"""
# The first and the last day of service of each line that has a rate of its own, and where the
# issuer is. What was decided at the very instant came before the bill or after: it is passed over.
SERVED = f"""
SELECT invoice.id AS invoice_id, invoice.account_id, {INVOICE} AS invoice, line.id AS line_id,
       line.fee_code, line.tax_category, line.tax_percent, version.country,
       charge.service_on AS day,
       {DRAWN_UP_AT} AS at
FROM billing_invoice invoice
JOIN billing_issuerversion version ON version.id = invoice.issuer_id
JOIN billing_invoiceline line ON line.invoice_id = invoice.id
JOIN billing_invoiceitem item ON item.id = line.item_id AND item.rest_tax_id IS NULL
CROSS JOIN LATERAL (
    (SELECT service_on FROM billing_charge charge
     WHERE charge.item_id = line.item_id AND (line.service_from IS NULL OR
           charge.service_on BETWEEN line.service_from AND line.service_to)
     ORDER BY at, id LIMIT 1)
    UNION (SELECT service_on FROM billing_charge charge
     WHERE charge.item_id = line.item_id AND (line.service_from IS NULL OR
           charge.service_on BETWEEN line.service_from AND line.service_to)
     ORDER BY at DESC, id DESC LIMIT 1)
) charge
WHERE line.category NOT IN ({CREDITS})
  AND NOT EXISTS (SELECT FROM billing_taxtreatment decided
                  WHERE decided.account_id = invoice.account_id
                    AND decided.decided_at = {DRAWN_UP_AT})
  AND NOT EXISTS (SELECT FROM billing_billingdetails said
                  WHERE said.account_id = invoice.account_id AND said.decided_at = {DRAWN_UP_AT})
"""
DETAILS = """
SELECT country, tax_number FROM billing_billingdetails said
WHERE said.account_id = served.account_id AND said.status = 'CONFIRMED'
  AND said.decided_at < served.at
ORDER BY coalesce(said.confirmed_on, '-infinity') <= served.day DESC,
         CASE WHEN coalesce(said.confirmed_on, '-infinity') <= served.day
              THEN said.version ELSE -said.version END DESC
LIMIT 1
"""
RATES = f"""
SELECT served.*, standard.percent AS standard, class.tax_class,
       {OF_CLASS.format(tax_class="class.tax_class")} AS own,
       coalesce(nullif(decided.treatment, ''),
           CASE WHEN coalesce(party.country, served.country) = served.country THEN 'DOMESTIC'
                WHEN served.country IN ({UNION}) AND party.country IN ({UNION})
                THEN CASE WHEN party.tax_number <> '' THEN 'REVERSE_CHARGE' ELSE 'DOMESTIC' END
                ELSE 'OUTSIDE_SCOPE' END) AS treatment
FROM ({SERVED}) served
CROSS JOIN LATERAL (SELECT {OF_CLASS.format(tax_class="'STANDARD'")} AS percent) standard
CROSS JOIN LATERAL (SELECT coalesce((
    SELECT tax_class FROM billing_feetaxclass chosen
    WHERE chosen.fee_id = served.fee_code AND chosen.starts_on <= served.day
    ORDER BY chosen.starts_on DESC, chosen.id DESC LIMIT 1), 'STANDARD') AS tax_class) class
LEFT JOIN LATERAL (
    SELECT treatment FROM billing_taxtreatment decided
    WHERE decided.account_id = served.account_id AND decided.decided_at < served.at
      AND decided.starts_on <= served.day
    ORDER BY decided.starts_on DESC, decided.id DESC LIMIT 1
) decided ON true
LEFT JOIN LATERAL ({DETAILS}) party ON true
"""
CHECKS = (
    Check(
        4,
        "a line of a bill has the rate of its days of service",
        "category, per cent",
        f"""
        SELECT rate.account_id AS merchant_id,
               'line of ' || rate.invoice || ' ' || rate.fee_code || ' ' || rate.day AS subject,
               CASE WHEN rate.standard IS NULL OR rate.fee_code IN {Fee.UNTAXED}
                         OR rate.treatment = 'OUTSIDE_SCOPE' OR rate.tax_class = 'OUTSIDE'
                    THEN ('O'::text, 0::numeric)
                    WHEN rate.treatment = 'REVERSE_CHARGE' AND rate.tax_class IN {REVERSIBLE}
                    THEN ('AE'::text, 0::numeric)
                    WHEN rate.tax_class = 'ZERO' THEN ('Z'::text, 0::numeric)
                    WHEN rate.tax_class = 'EXEMPT' THEN ('E'::text, 0::numeric)
                    ELSE ('S'::text, coalesce(rate.own, rate.standard)) END AS expected,
               (CASE rate.tax_category WHEN '' THEN 'O'::text ELSE rate.tax_category::text END,
                rate.tax_percent) AS found
        FROM ({RATES}) rate
        """,
    ),
    Check(
        4,
        "the bases of a bill's taxes are its lines, and its tax is their sum",
        "bases, tax",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               (lines.amounts, coalesce(taxes.tax, 0)) AS expected,
               (taxes.bases, invoice.tax) AS found
        FROM billing_invoice invoice
        LEFT JOIN LATERAL (
            SELECT jsonb_object_agg(rate, amount) AS amounts FROM (
                SELECT tax_category || ' ' || tax_percent AS rate, sum(amount) AS amount
                FROM billing_invoiceline line
                WHERE line.invoice_id = invoice.id AND line.tax_category <> '' GROUP BY 1
            ) line
        ) lines ON true
        LEFT JOIN LATERAL (
            SELECT jsonb_object_agg(rate, base) AS bases, sum(tax) AS tax FROM (
                SELECT category || ' ' || percent AS rate, sum(base) AS base, sum(tax) AS tax
                FROM billing_invoicetax tax WHERE tax.invoice_id = invoice.id GROUP BY 1
            ) tax
        ) taxes ON true
        WHERE invoice.tax <> 0 OR lines.amounts IS NOT NULL OR taxes.bases IS NOT NULL
        """,
    ),
    # What credits correct adds up over bills: each has what all so far come to, less what those
    # before it had. A bill that was voided before counts no more.
    Check(
        4,
        "a tax is that of its base, rounded once, and of credits what was not credited before",
        "tax",
        f"""
        SELECT coalesce(invoice.account_id, rest.account_id) AS merchant_id,
               coalesce({INVOICE}, 'charge ' || rest.reference) || ' ' || tax.category || ' '
                   || tax.percent AS subject,
               round((before.base + tax.base) * tax.percent / 100,
                     {minor_digits("tax.currency")}) - before.tax AS expected,
               tax.tax AS found
        FROM billing_invoicetax tax
        LEFT JOIN billing_invoice invoice ON invoice.id = tax.invoice_id
        LEFT JOIN billing_charge rest ON rest.id = tax.rest_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(earlier.base), 0) AS base, coalesce(sum(earlier.tax), 0) AS tax
            FROM billing_invoicetax earlier
            LEFT JOIN billing_invoicedecision voided
                 ON voided.invoice_id = earlier.invoice_id
                AND voided.decision IN ('VOIDED', 'SENT_BACK')
            WHERE earlier.corrects_id = tax.corrects_id AND earlier.id < tax.id
              AND (earlier.category, earlier.percent) = (tax.category, tax.percent)
              AND NOT coalesce(
                  voided.at <= coalesce({DRAWN_UP_AT}, rest.arrived_at), false)
        ) before
        """,
    ),
    Check(
        4,
        "what credits a closed account's tax is the tax of what it had in its merchant's favour",
        "bases, tax",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               (items.amount, taxes.tax) AS expected, (taxes.base, charge.amount) AS found
        FROM billing_charge charge
        LEFT JOIN LATERAL (
            SELECT sum(item.amount) AS amount FROM billing_invoiceitem item
            WHERE item.account_id = charge.account_id AND item.rest_tax_id = charge.id
        ) items ON true
        LEFT JOIN LATERAL (
            SELECT sum(tax.base) AS base, sum(tax.tax) AS tax
            FROM billing_invoicetax tax WHERE tax.rest_id = charge.id
        ) taxes ON true
        WHERE charge.fee_id = '{Fee.REST_TAX}'
        """,
    ),
)
