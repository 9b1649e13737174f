"""What became of it: where an issue stands, who got it, what anybody may read."""
