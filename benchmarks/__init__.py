"""What is measured, against what: `make bench`.

Each module has `rows()`: a list of dicts with `name`, `value`, `unit`, `target`, `versus` (what stands beside it, or
none) and `met` (none where there is no target). A row that could not be measured has the value none, and `versus` says
why.
"""
