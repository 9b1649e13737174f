"""Per recipient: evaluating slots, encoding their values, and joining byte segments. Pure, and fast."""
