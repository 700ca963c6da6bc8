"""The sorts of operators' decisions about billing of which operator policies have figures (rule
22.7).
"""

from merchants.sorts import Sort

THRESHOLD = Sort(code="thresholds", title="Threshold", up_to="Thresholds up to")
CREDIT = Sort(code="credits", title="Credit", up_to="Credits up to", is_summed=True)
PRICE = Sort(code="prices", title="Price", up_to="Prices of a unit up to", is_amount=False)
# Which of them take two people is not a policy's to say (rule 19.10).
REOPENING = Sort(code="reopenings", title="Opening again")
SORTS = (THRESHOLD, CREDIT, PRICE, REOPENING)
