"""Sample orders that come with the project, in the ``aftercare`` format: invented shops, people and parcels."""

from pathlib import Path


def samples() -> Path:
    """The CSV file of sample orders; ``shift_dates`` brings their dates up to the day."""
    return Path(__file__).with_name("orders.csv")
