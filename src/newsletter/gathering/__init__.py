"""Articles from where they come from: files, feeds, pages; nothing here knows who will read them."""
