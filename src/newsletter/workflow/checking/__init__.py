"""What is examined before a send, of definitions, templates, texts, links and finished messages."""
