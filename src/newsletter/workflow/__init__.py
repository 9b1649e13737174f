"""The way of the data, one package a step: content, drafts, composing, checking, approving, sending, scheduling,
results. They compose the packages below."""
