"""Word to other programs, and where our requests may go."""
