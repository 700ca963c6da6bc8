"""The audit check that each merchant's books are in the merchant's cell, and nowhere else (rule
30.24).
"""

from lib.audit import HERE, Check

# All other rows of a merchant hang on one of these two books, which foreign keys hold them to.
# Events of merchants that were to join later are the first cell's.
_ROWS = """
SELECT merchant_id, 'billing account' AS subject FROM billing_billingaccount
UNION ALL SELECT merchant_id, 'credit line' FROM credit_creditline
UNION ALL SELECT merchant_id, 'notice ' || min(id) FROM notices_notice GROUP BY merchant_id
UNION ALL
SELECT merchant_id, 'webhook event ' || min(id) FROM gateway_webhookevent GROUP BY merchant_id
UNION ALL
SELECT named.id, 'received event ' || min(received.id) FROM gateway_receivedevent received
JOIN merchants_merchant named
     ON named.reference = received.merchant AND received.received_at > named.joined_at
GROUP BY named.id
"""
CHECKS = (
    Check(
        28,
        "a merchant's books are in the merchant's cell, and nowhere else",
        "cell",
        f"""
        SELECT merchant_id, subject, merchant.cell::int AS expected, here.cell::int AS found
        FROM ({_ROWS}) found_here
        JOIN merchants_merchant merchant ON merchant.id = merchant_id CROSS JOIN {HERE} here
        """,
    ),
)
