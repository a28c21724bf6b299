"""Where things are: the stock ledger's places and moves, and what the life of a case moves between them."""
