"""What money is owed, sent, claimed and proved."""
