"""Loading definitions; the loader itself lies lower, because article files are read by it too."""

from newsletter.loading import load_yaml, place, plain_yaml

__all__ = ["load_yaml", "place", "plain_yaml"]
