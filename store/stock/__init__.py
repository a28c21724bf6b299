"""The stock ledger in SQL: booked with the decisions of cases, counted by people, and waited for."""
