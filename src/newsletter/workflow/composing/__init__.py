"""Draft -> composition: every message of an issue compiled, and looked at as anybody would get it."""
