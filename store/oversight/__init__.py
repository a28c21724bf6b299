"""Stuck cases, sweeps, bulks, callbacks and reports."""
