"""An issue while people edit it: its sections, items, texts, and the pictures of its items."""
