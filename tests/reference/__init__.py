"""A naive model of docs/rules.md, written from the rules alone, to compare the real thing with.

Read CHOICES first: wherever the two disagree, look there before looking for a bug.
"""

# CHOICES: what the page leaves open, the readings, and the one taken (marked "->").
# "Given" are those the project had already taken.
#
# A. Events and outcomes
#  1. Given: sorted by `at`, ties in file order; events with at < T, then day-ends <= T; day-end
#     first at equal instants; same/other content compares `data`, amounts numerically, never `at`
#     or `id`.
#  2. Order of checks. -> envelope (`invalid`) > `unsupported` > `unknown_merchant` > data
#     (`invalid`) > reference (`duplicate`/`conflict`) > `currency_mismatch` > `unknown_order` >
#     status > amount. Others: data before merchant; currency before reference; order before
#     currency.
#  2a. What no event reaches is in operators.py (zones, plans, thresholds, credits, void bills,
#     limits, days, a merchant's own rules, freezes, drafts, cards and methods, transfers, unapplied
#     money, reversals, destinations, withdrawals, settled cash, raises that wait) and in by_hand.py
#     (taxes, payment plans, pauses, due days, waivers, charges and credits by hand, transfers that
#     are booked elsewhere, corrections, what banks send back, requests). Whether it takes two is in
#     two_people.py, what waits for a second person in proposals.py. Profiles are in profiles.py,
#     value dates and blocked cards in transfers.py, what providers take back in reversals.py, lines
#     of banks' statements in bank.py. Not here: what Stripe pays out, which changes nothing.
#  2b. Arrival: `apply(event, arrived)`; without it an event arrives at its `at`. Instants that
#     cannot be are looked at after duplicates and conflicts, currency, order and status, but for
#     payments and refunds, which are refused for the future before their order is looked for.
#  3. Envelope: id, type, merchant non-empty strings, `at` RFC 3339 with offset, data an object;
#     unknown type -> `invalid` (could be `unknown_type`). A line without a readable `at` counts as
#     `invalid`, whatever T is.
#  4. Content: -> the known fields only; a missing optional field equals its default (buyer_risk 0,
#     description "", billing_currency = currency, payment_method manual). Other: `data` literally,
#     unknown keys included.
#  5. References: order, charge, payment, refund each their own name space per merchant; a payment
#     reference is unique per merchant (could be: per order). A reference is used up by applied,
#     declined and UNMATCHED only; any other rejection leaves it free. A conflict changes nothing
#     and is not kept as UNMATCHED.
#  6. shipped / delivered / cancelled: the reference is the order. Sent again -> `duplicate` even
#     with another `at`, and even if the order has been cancelled since (could be `order_not_open`);
#     the first instant stays. cancelled again with another reason -> `conflict`.
#  7. shop.metrics has no reference. -> (merchant, instant): same data `duplicate`, other data
#     `conflict`. Others: every one applied; the event id; latest data equal = duplicate.
#  8. Amount: JSON string, ASCII digits with an optional fraction, no sign or exponent; trailing
#     zeros beyond the currency's digits are fine ("10.500" USD: nothing to round). Digits are those
#     of the event's currency, so a bad amount in a wrong currency is `invalid`, not
#     `currency_mismatch`. Zero payment or refund -> `invalid`. No upper bound. Currency: three
#     capital letters, not looked up. All but JPY and KWD have 2 digits.
#  9. Required: everything the table lists but buyer_risk, description, billing_currency,
#     payment_method. instalments >= 1 (no maximum), payment_days >= 0, settlement_days 0/7/15,
#     plan_interval_days >= 30, threshold and price >= 0, limit >= 0, metrics in range (numbers or
#     strings), quantity >= 0. JSON integers only where whole numbers are meant. payment_method
#     other than sandbox/manual/none -> `invalid`.
# 10. A charge without amount costs quantity times the price of its service's day, rounded once;
#     without a price -> `invalid`. Sent again it costs what it did. With amount, quantity is not
#     multiplied. Fees of the platform: the nine of rule 12.1; no credits, no plan fee.
# 11. `credit_limit` is in `currency`, threshold and plan price in the billing currency. A charge in
#     the credit currency when billing differs -> `currency_mismatch`.
# 12. refunds=False: every order.refunded -> `unsupported`, even for unknown merchants.
# 12a. What is brought along (rule 23.16): -> an UNMATCHED payment is trade of the line's own, as is
#     any entry but OPENED and MOVED_IN (a review that changed the limit, too). proceeds.opening has
#     no reference: there is one content of it for each merchant.
# 12b. Closing and opening again are asked of the model (`close`, `reopen`): no event does it. A
#     charge to a closed account -> duplicate or conflict first, currency, then `account_closed`. An
#     order -> currency, instant, then DECLINED.
#
# B. Days
# 13. A local day starts at its first instant: midnight; the end of a gap that skips midnight; the
#     first of two midnights. An instant repeated from the day before (St John's 2006) belongs to
#     the new day. A day that a zone skips (Apia, 30 Dec 2011) is worked off with length zero.
# 14. Joining in the middle of a day: that day is open, its bill (SUBSCRIPTION, plan day 0) is made
#     at the joining instant. No review on the joining day, even when joined at 00:00 of a first.
# 15. A late MONTHLY charge posts at once, in an item of its own on its arrival's day.
#
# C. Orders
# 16. Given: payments for CANCELLED, DECLINED, PAID, REFUNDED -> `order_not_open`, UNMATCHED; OPEN
#     and too much -> `overpayment`, UNMATCHED (the whole cash: nothing is split); `unknown_order`
#     is not kept as UNMATCHED, nor a payment in another currency or of an instant that cannot be:
#     these and such refunds wait for an operator under their free reference, one row each, with
#     what was said last and how often, until a payment of that reference is taken (UNMATCHED too)
#     or a refund applied.
# 17. Cancelling an order paid in part, or not OPEN -> `order_not_open`. Delivered but unpaid can be
#     cancelled; an unpaid order refunded in part too (releases what is left).
# 18. Refunds: of DECLINED, CANCELLED, REFUNDED -> `order_not_open`; more than amount - refunded ->
#     `overpayment` (could be `over_refund`, `invalid`). Allowed for OPEN, PAID, WRITTEN_OFF,
#     delivered or not.
# 19. A refund that brings outstanding to 0 on an order paid in part -> PAID (not REFUNDED: not all
#     was).
# 20. "Then what was written off": -> what is left of it, i.e. minus recoveries and earlier refunds
#     out of it. Other: the original amount. Likewise a recovery may not exceed what is left after
#     such refunds (given says: written off and not recovered); beyond -> `overpayment`, UNMATCHED.
#     State shows `written_off` as originally.
# 21. A recovery or a refund leaves WRITTEN_OFF in place, until all is refunded (REFUNDED).
# 22. Instalment parts of 0 (0.02 in 3) are never unpaid. Parts get due dates at delivery, paid ones
#     too. `due_on` in the state: of the oldest part with something unpaid, else null (so null when
#     written off).
# 23. shipped / delivered allowed in OPEN, PAID, REFUNDED, WRITTEN_OFF, in any order of time.
# 24. A refund takes from its order's SALEs: -> the oldest first (matured before maturing). Other:
#     newest first. "The rest" is needed for what was paid elsewhere alone, without withdrawals; it
#     is what has matured.
# 25. LimitEntry kinds: OPENED, PLACED, PAID, REFUNDED, CANCELLED, WRITTEN_OFF, REVIEW. No entry
#     when nothing changes (opening with 0, a refund of paid money, a review without change). One
#     entry per write-off.
#
# D. Freezes
# 26. Overdue amount: -> the parts past their due date. Other: all that is outstanding of orders
#     with such a part.
# 27. Given: OVERDUE is lifted at payment, refund, day start only. -> any *applied* payment (a
#     recovery too) and any applied refund; an UNMATCHED payment does not. Placed at day starts
#     only. With limit 0 any overdue freezes. A review that cuts the limit is looked at on the next
#     day start. The 20 % is of the limit after write-offs.
# 28. UNPAID_BILL: due = bill date + 7; -> the first failure is that day, the freeze 28 days later,
#     at the local day start of bill date + 35. Others: failure the day after (+36, like an overdue
#     order); exact instants of issue. Given: placed with the other freezes of a day start, before
#     its review, so it stops that day's raise. Events cannot pay a manual bill, so it is never
#     lifted.
#
# E. Reviews
# 29. paid: -> SALE + REFUND proceeds entries of local days [first - 90, first - 1]; recoveries
#     count; a refund of something unpaid or written off does not. Other: minus every refund in
#     full.
# 30. -> capped first, then rounded down to hundreds (new limit always whole hundreds, unless
#     unchanged). Other: rounded, then capped (a limit of exactly `paid`). Likewise the cut:
#     rounded, then at least the minimum.
# 31. THB x 5, JPY x 100 -> all money numbers of the policy, the step of whole hundreds too (500,
#     10,000). Other: hundreds everywhere. Other currencies (KWD, EUR) have no policy -> no review.
# 32. A limit of 0, or no metrics -> no review at all. WAITING reviews leave the limit; the next
#     month has another, which makes the one before VOID, as does any change of the limit.
# 33. "Anything overdue" -> an overdue amount > 0 at that day start, below 20 % too.
# 34. When a raise is not given (grade A/B, blocked or capped below the present limit): outcome
#     UNCHANGED.
#
# F. Billing
# 35. Given: plan fee = a charge of category SUBSCRIPTION, dated the bill date; its fee code here is
#     `subscription`. A plan price of 0 -> an item of 0.00 all the same, alone it makes no bill and
#     waits for the next.
# 36. Zero charges are charges: they post, count, and make lines of 0.00. A threshold of 0 is legal.
# 37. The check runs only when something posted (a day-end without postings has none). A zero
#     charge's posting counts.
# 38. Guard: looked at after each charge; what it posts is dated the open day and joins that day's
#     unbilled item. MONTHLY charges waiting are neither outstanding nor accruing. No guard at
#     day-ends (nothing accrues then).
# 39. Period: from the joining day for the first bill; -> a second bill on one date starts on that
#     date (literally it would start the day after it ends).
# 40. Bills dated D made at D's end and made during D follow each other in order of issue.
# 41. Statement without charges: none. Only the categories that occurred are listed.
# 42. Lines sorted by fee, posting day, amount; one line per item, so a fee can occur twice on one
#     day.
# 43. An approved credit is followed by check and guard like a charge.
# 44. Given: where carried plan fees reach the threshold alone, what a THRESHOLD bill takes has to
#     reach it by itself (literally: any sum above 0). Other: every later charge has its own bill.
# 45. Items of a void bill take no more charges: a later one of that day and fee has its own item.
# 46. A closed account's rest in the merchant's favour pays its open bills in the order of issue, in
#     part if need be; reopened, it does so no more.
# 46a. Bills are collected by jobs (collecting.py), where a model has them; otherwise who pays at
#     once has paid at once. A person's attempt that fails for the moment is no failure of the bill;
#     one that is declined for good is. An attempt of a method or card that was left meanwhile
#     counts for nothing. What its provider never received is asked again 10 minutes later.
# 46b. A fee's free withdrawals and a day's sum for approval leave out what came back.
# 46c. Of UNMATCHED cash a part that is applied is a payment of the day on which it is.
# 47. A new zone holds from the first of the next local month, which starts by the old zone; before
#     it every day is that of the zone of then.
# G. By hand, and tax
# 48. Of two reasons to refuse a decision, the one that the operation looks for first is told.
# 49. A waiver's own rows are followed by no threshold check: what is outstanding stays as it was.
# 50. Of a plan that is cancelled the retries go on that are still to come, not those missed.
# 51. What waits for the end of a pause is what its schedule would have had by then; a choice of
#     method is tried at once all the same, as far as it would be without the pause.
# 52. "Bills are taxed while their issuer's country has a standard rate": -> line by line, by the
#     day of service. A bill of which no line is taxed has no taxes at all, not even of 0.
# 53. What is zero rated or exempt needs no rate of its own. Other: literally, it would be standard.
# 54. What takes back a credit corrects what the credit did, or else the bill that the credit is on.
# 55. A closed account's rest is in its merchant's favour if it is, or is nothing, with its tax.
# 56. Of a price that ends, the general one that then holds is compared.
# 57. A freeze is also over once all bills that caused it were paid by their due days, such as one
#     that charges a payment again and is paid on the day of its first failure: none was late. What
#     was paid before it could freeze caused nothing, nor what was paid before the freeze began.
# 58. A transfer has paid "at once" what is paid of unapplied money at the instant at which it is
#     recorded. A bill of the joining, of opening again, of a draft or of an operator's is made by
#     no day-end. What a day-end pays is of the instant at which the next day begins.
# 59. What an operator grants, or a merchant asks for, is held against what was granted and asked
#     for, what is approved against what was granted. What cannot be approved any more waits on.
# 60. A card added again is known by its brand, last digits and last day, which here is its kind.
# 61. One subject is, as operations name it: the limit, the threshold, proceeds, unapplied money,
#     charges by hand of one description, credits on no charge, on one charge, an order.
# 62. A payer whose account a bank tells is known by that alone, any other one by the name. A line
#     is looked at as it comes, and by each run while an attempt on its bill has no answer.
# 63. Money that came when nobody expected it is taken back from what is unapplied as far as it
#     brought that and it was not taken back before, but for what has come back since.

from .model import Model, Outcome

__all__ = ["Model", "Outcome"]
