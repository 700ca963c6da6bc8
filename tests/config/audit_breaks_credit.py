"""One break for every check of credit.audit.lines, in the manner of audit_breaks.py."""

from tests.config.breaking import DECLARED, DRESS, SILK, Break, drop

LINE = f"UPDATE credit_creditline SET {{}} WHERE merchant_id = {DRESS}"
ORDER = "UPDATE credit_order SET {} WHERE reference = '{}'"

CREDIT = [
    Break(
        "limit and used are the sums of the line's entries",
        LINE.format('"limit" = 751'),
        "dress: credit line: expected 750.0000, 200.0000; found 751.0000, 200.0000",
    ),
    Break(
        "what is kept encrypted opens with a key, and at its own row",
        "UPDATE credit_payoutdestination SET number = decode('01', 'hex')",
        "dress: destination numbers: row ",
    ),
    Break(
        "what takes two people was confirmed by another person, in time",
        drop("merchants_proposal", "proposal_is_confirmed_by_another_person_in_time")
        + "UPDATE merchants_proposal SET decided_by = proposed_by",
        "proposal … expected t, t; found f, t",
    ),
    Break(
        "credits above the operator policy of their day were confirmed by another person",
        "UPDATE merchants_operatorfigure SET up_to = 19 WHERE sort = 'credits'",
        "linen: credit ",
    ),
    Break(
        "pay-outs above the operator policy of their day were confirmed by another person",
        "UPDATE merchants_operatorfigure SET up_to = 49 WHERE sort = 'pay_outs'",
        "silk: settlement ",
    ),
    Break(
        "thresholds above the operator policy of their day were confirmed by another person",
        "UPDATE merchants_operatorpolicy SET starts_on = '2027-04-01' WHERE currency = 'USD'",
        "linen: account change ",
    ),
    Break(
        "prices above the operator policy of their day were confirmed by another person",
        "DELETE FROM merchants_operatorfigure WHERE sort = 'prices'",
        "price ",
    ),
    Break(
        "raises, pay-outs and corrections of proceeds are operators' decisions, once each",
        "DELETE FROM merchants_operatordecision WHERE subject LIKE 'settlement %'",
        "silk: settlement ",
    ),
    Break(
        "a limit above the caps was confirmed by another person",
        "UPDATE merchants_operatordecision SET proposal_id = NULL WHERE what = 'limits'",
        "wool: limit entry ",
    ),
    Break(
        "credits, pay-outs, higher thresholds and prices are operators' decisions, once each",
        "UPDATE merchants_operatordecision SET figure = 21 WHERE what = 'credits' AND figure = 20",
        "linen: credit ",
    ),
    Break(
        "a price far from the one before was confirmed by another person",
        "UPDATE merchants_operatordecision SET proposal_id = NULL WHERE what = 'prices'",
        "price … of receiving: expected True; found False",
    ),
    Break(
        "an entry's balances go on from those of the entry before",
        "UPDATE credit_limitentry SET used_after = 301 WHERE kind = 'HOLD' AND order_id ="
        " (SELECT id FROM credit_order WHERE reference = 'D-1')",
        "dress: entry … HOLD: expected 1000.0000, 300.0000; found 1000.0000, 301.0000",
    ),
    Break(
        "a raise that waits is younger than the last change of its limit, and of that limit",
        drop("credit_limitreview", "review_gives_a_limit_exactly_when_it_changed_it")
        + f"UPDATE credit_limitreview SET status = 'PENDING' WHERE line_id = {SILK}"
        ' AND "on" = (SELECT max("on") FROM credit_limitreview)',
        "silk: review of 2027-02-01: expected ",
    ),
    Break(
        "used is what open orders hold",
        ORDER.format("outstanding = 150", "D-6"),
        "dress: credit line: expected 150.0000; found 200.0000",
    ),
    Break(
        "what was brought along came before the line's own trade",
        "UPDATE credit_limitentry SET kind = 'MOVED_IN' WHERE kind = 'HOLD' AND order_id ="
        " (SELECT id FROM credit_order WHERE reference = 'D-6')",
        "dress: credit line: expected 0; found 1",
    ),
    Break(
        DECLARED,
        drop("credit_creditline", "used_not_negative") + LINE.format("used = -1"),
        "dress: credit_creditline: used_not_negative: row ",
    ),
    Break(
        "freezes in force are those not lifted",
        f"UPDATE credit_freeze SET lifted_at = now() WHERE line_id = {SILK}",
        "silk: credit line: expected 0; found 1",
    ),
    Break(
        "all that happens on a line is in its currency",
        "UPDATE credit_proceedsentry SET currency = 'EUR' WHERE amount = 200",
        "dress: proceeds … expected USD; found EUR",
    ),
    Break(
        "an order's amount is paid, outstanding, written off or given back",
        ORDER.format("paid = 90", "D-6"),
        "dress: order D-6: expected 300.0000; found 290.0000",
    ),
    Break(
        "an order's entries are its steps",
        "DELETE FROM credit_limitentry WHERE kind = 'RELEASE'",
        "dress: order D-3:",
    ),
    Break(
        "an order's status is what its figures say",
        ORDER.format("status = 'REFUNDED'", "D-1"),
        "dress: order D-1: expected PAID; found REFUNDED",
    ),
    Break(
        "an order falls due as delivery and payments say",
        ORDER.format("due_on = '2027-02-26'", "D-6"),
        "dress: order D-6: expected 2027-02-26, 2027-03-28, 2027-02-16; found 2027-02-26,"
        " 2027-02-26, 2027-02-16",
    ),
    Break(
        "proceeds are the sum of their entries, maturing and matured",
        LINE.format("proceeds = 300"),
        "dress: credit line: expected 400.0000, 400.0000; found 300.0000, 400.0000",
    ),
    Break(
        "proceeds are the sum of their entries, maturing and matured",
        drop("credit_proceedsentry", "proceeds_entry_has_the_sign_of_its_kind")
        + "UPDATE credit_proceedsentry SET matures_on = NULL WHERE amount = 200",
        "dress: credit line: expected 400.0000, 400.0000; found 400.0000, 200.0000",
    ),
    Break(
        "sales are the payments that orders took, one each",
        "UPDATE credit_orderpayment SET status = 'APPLIED' WHERE reference = 'P-0'",
        "dress: payment P-0: … found nothing",
    ),
    Break(
        "sales are the payments that orders took, one each",
        "UPDATE credit_proceedsentry SET payment_id = NULL WHERE amount = 200",
        "dress: sale without a payment: expected nothing",
    ),
    Break(
        "an order's paid and recovered are its payments, here and where it was brought from",
        "UPDATE credit_orderpayment SET status = 'APPLIED' WHERE reference = 'P-3'",
        "dress: order D-2: expected 100.0000, 0; found 0.0000, 100.0000",
    ),
]

WITHDRAWALS = [
    Break(
        "paid out is what was paid, fees included",
        LINE.format("paid_out = 61"),
        "dress: credit line: expected 60.0000; found 61.0000",
    ),
    Break(
        "what left the proceeds for withdrawals is on its way or paid out",
        "DELETE FROM credit_proceedsentry WHERE kind = 'RETURNED'",
        "dress: credit line: expected 60.0000; found 90.0000",
    ),
    Break(
        "a withdrawal is debited once, with its fee, and returned once if it did not go out",
        "DELETE FROM credit_proceedsentry WHERE kind = 'RETURNED'",
        "dress: withdrawal … USD, 30.0000, 0.0000, 30.0000, 0, 0; found",
    ),
    Break(
        "a withdrawal goes to a destination of its own merchant, and is in its currency",
        f"UPDATE credit_payoutdestination SET line_id = {SILK}",
        "dress: withdrawal … USD; found",
    ),
    Break(
        "nothing waits to be sent to a destination that is blocked",
        "UPDATE credit_withdrawal SET status = 'REQUESTED', ended_at = NULL WHERE amount = 30;"
        " UPDATE credit_payoutdestination SET removed_at = added_at, blocked_at = added_at",
        "dress: withdrawal … expected False; found True",
    ),
    Break(
        "an automatic withdrawal is as it was set up, while that was in force",
        "INSERT INTO credit_payoutschedule (line_id, destination_id, every, currency,"
        " from_amount, set_up_at, set_up_by, usable_from, next_on, ended_by)"
        " SELECT line_id, id, 'DAILY', 'USD', 10, '2027-02-17Z', 'olive@dress.example',"
        " '2027-02-18T18:00:00Z', '2027-02-18', '' FROM credit_payoutdestination;"
        ' INSERT INTO credit_payoutrun (rule_id, "on", at, outcome, available, withdrawal_id)'
        " SELECT (SELECT id FROM credit_payoutschedule), '2027-02-18', requested_at,"
        " 'REQUESTED', 100, id FROM credit_withdrawal WHERE status = 'PAID'",
        "dress: run of 2027-02-18: expected ",
    ),
    Break(
        "what the bank's answers were taken for is what their withdrawals are",
        "INSERT INTO credit_payoutanswerfile (name, uploaded_at, uploaded_by, row_count)"
        " VALUES ('A1', now(), 'olga@tael.example', 1);"
        " INSERT INTO credit_payoutanswer (file_id, row, reference, status, bank_reference, reason,"
        " outcome, problem, done_at)"
        " SELECT (SELECT id FROM credit_payoutanswerfile), 2, reference, 'PAID', 'B-1', '', 'PAID',"
        " '', now() FROM credit_withdrawal WHERE status = 'CANCELLED'",
        "dress: row 2 of A1: expected PAID; found CANCELLED",
    ),
    Break(
        "a pain.001 has the withdrawals that it was made of",
        "INSERT INTO credit_paymentfile (name, version, made_at, made_by, accounts, count, digest)"
        " VALUES ('B1', 'pain.001.001.03', now(), 'olga@tael.example', '{}', 1, repeat('0', 64))",
        "file B1: expected 1, t; found 0, f",
    ),
    Break(
        "a withdrawal of which another amount was told was ended by a person, if it was",
        "UPDATE credit_withdrawal SET problem = 'The bank says that 1.00 USD was paid.',"
        " ended_by = 'reconcile-withdrawals' WHERE status = 'PAID'",
        "dress: withdrawal … expected True; found False",
    ),
    Break(
        "a withdrawal's steps are those of its status",
        "UPDATE credit_withdrawal SET sent_at = NULL WHERE status = 'PAID'",
        "dress: withdrawal … expected f, t, t; found f, f, t",
    ),
]

REFUNDS = [
    Break(
        "an order's refunded is its refunds",
        ORDER.format("refunded_written_off = 0", "D-2"),
        "dress: order D-2: expected 20.0000, 20.0000; found 20.0000, 0.0000",
    ),
    Break(
        "a refund's parts add up, and what came from proceeds left them",
        drop("credit_orderrefund", "order_refund_came_from_somewhere")
        + "UPDATE credit_orderrefund SET from_outstanding = 1 WHERE amount = 40",
        "dress: refund R-1: … 40.0000, 40.0000; found",
    ),
    Break(
        "a refund's parts add up, and what came from proceeds left them",
        "UPDATE credit_proceedsentry SET refund_id = NULL WHERE kind = 'REFUND'",
        "dress: entry of no refund: expected nothing",
    ),
    Break(
        "refunds take from their own order's sales, and no more than each was",
        "UPDATE credit_proceedsentry SET matures_on = matures_on + 1 WHERE kind = 'REFUND'",
        "dress: sale … 2026-11-12, 40.0000; found",
    ),
    Break(
        "refunds take from their own order's sales, and no more than each was",
        "UPDATE credit_proceedsentry SET amount = -101 WHERE kind = 'REFUND'",
        "dress: sale … 2026-11-12, 100.0000; found",
    ),
]

REVIEWS = [
    Break(
        "an entry moves what its kind moves",
        "UPDATE credit_limitentry SET order_id = NULL WHERE kind = 'REFUND'",
        "silk: entry … expected less used by an order; found used by no order",
    ),
    Break(
        "reviews that were applied or approved are what changed the limit, and no others",
        drop("credit_limitreview", "review_gives_a_limit_exactly_when_it_changed_it")
        + "UPDATE credit_limitreview SET status = 'VOID' WHERE \"on\" = '2027-01-01'",
        "silk: review of 2027-01-01: expected nothing; found 10000.0000, 7500.0000",
    ),
    Break(
        "reviews that were applied or approved are what changed the limit, and no others",
        "DELETE FROM credit_limitentry WHERE kind = 'REVIEW' AND limit_after = 7500",
        "silk: review of 2027-01-01: expected 10000.0000, 7500.0000; found nothing",
    ),
    Break(
        "reviews that were applied or approved are what changed the limit, and no others",
        "UPDATE credit_limitentry SET kind = 'REVIEW' WHERE kind = 'OPENED'",
        "silk: entry … of no review: expected nothing; found 0.0000, 10000.0000",
    ),
    Break(
        "an order's entries are its steps",
        "DELETE FROM credit_limitentry WHERE kind = 'REFUND'",
        "silk: order S-1:",
    ),
]

SETTLEMENT = "UPDATE credit_unmatchedsettlement SET {} WHERE kind = '{}'"
CLOSED = "UPDATE credit_creditline SET closed_at = '2027-02-15T00:00Z' WHERE merchant_id = " + DRESS

UNMATCHED = [
    Break(
        "what was settled of unmatched cash is its settlements, and no more than it was",
        "UPDATE credit_orderpayment SET settled = 149 WHERE reference = 'P-8' AND status ="
        " 'UNMATCHED'",
        "silk: payment P-8: … 150.0000; found",
    ),
    Break(
        "what was settled of unmatched cash is its settlements, and no more than it was",
        drop("credit_orderpayment", "only_unmatched_cash_is_settled_and_no_more_than_it_is")
        + SETTLEMENT.format("amount = 4000", "RETURNED")
        + "; UPDATE credit_orderpayment SET settled = 4130 WHERE settled = 150",
        "silk: payment P-8: … 3000.0000; found",
    ),
    Break(
        "what was released is in proceeds, once each, and nothing else is",
        SETTLEMENT.format("amount = 31", "RELEASED"),
        "silk: settlement … 31.0000; found",
    ),
    Break(
        "what was released is in proceeds, once each, and nothing else is",
        "DELETE FROM credit_proceedsentry WHERE kind = 'RELEASED'",
        "silk: settlement … 30.0000; found nothing",
    ),
    Break(
        "what was applied is a payment of its order, once each",
        SETTLEMENT.format("at = at + interval '1 day'", "APPLIED"),
        "silk: settlement",
    ),
    Break(
        "what was applied is a payment of its order, once each",
        "UPDATE credit_orderpayment SET status = 'RECOVERY' WHERE settlement_id IS NOT NULL",
        "silk: settlement … found nothing",
    ),
    Break(
        "no step of an order happened before it was placed, or after it was told",
        "UPDATE credit_orderpayment SET at = at - interval '1 year' WHERE reference = 'P-1'",
        "dress: order D-1: expected 0; found 1",
    ),
    Break(
        "an order falls due as delivery and payments say",
        ORDER.format("delivered_told_on = '2027-02-17'", "D-6"),
        "dress: order D-6: … 2027-03-28, 2027-02-16; found",
    ),
    Break(
        "a closed merchant has no raise that waits, and no open order placed after it closed",
        CLOSED,
        "dress: credit line: expected 0, 0; found 0, 1",
    ),
    Break(
        "a closed account's credit line is closed with it, and no other one is",
        CLOSED,
        "dress: billing account: expected nothing; found",
    ),
    Break(
        "an account is closed and opened again by turns, and its credit line with it",
        CLOSED,
        "dress: closed at 2027-02-15 00:00:00+00:",
    ),
    Break(
        "no order was taken while its merchant was closed",
        "INSERT INTO credit_formerclosing (line_id, closed_at, reopened_at)"
        f" VALUES ({DRESS}, '2026-01-01T00:00Z', '2027-12-01T00:00Z')",
        "dress: order D-1: expected DECLINED; found",
    ),
    Break(
        "an account whose line had a limit was opened again by two people",
        "UPDATE merchants_operatordecision SET what = 'reopenings', proposal_id = NULL"
        " WHERE subject LIKE 'account change %'",
        "jute: account change … expected True; found False",
    ),
]

CREDIT_BREAKS = CREDIT + REFUNDS + REVIEWS + WITHDRAWALS + UNMATCHED
