"""What banks' files say: statements and notices of accounts (camt.053, camt.054, MT940), and the
references by which payments are found again (ISO 11649).
"""
