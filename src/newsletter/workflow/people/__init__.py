"""Whom it is about: contacts and what they got, whom an issue would go to, staff."""
