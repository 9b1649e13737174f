"""Articles and their pictures: gathered, written, changed, joined as translations."""
