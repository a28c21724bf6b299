"""Paper: what is printed for people to stick on parcels."""
