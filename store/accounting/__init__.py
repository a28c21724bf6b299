"""Pots, ledger, payouts, claims and registers."""
