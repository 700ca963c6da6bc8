"""Files of people: merchants, orders, charges and payments as CSV or JSON lines, checked whole, and
then applied in the background.
"""
