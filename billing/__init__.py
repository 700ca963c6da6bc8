"""The billing book: charges, statements, bills and their payments."""
