"""What is looked at and what runs by itself: stuck cases, sweeps, bulks, callbacks, reports."""
