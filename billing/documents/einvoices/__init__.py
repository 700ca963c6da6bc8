"""Bills and credit notes as e-invoices by EN 16931: what they say, as CII and as UBL."""
