"""What is due and what is done about it, by itself or because somebody planned it."""
