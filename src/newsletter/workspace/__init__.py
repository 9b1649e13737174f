"""The workspace: definitions as documents that people read, diff and keep in git."""
