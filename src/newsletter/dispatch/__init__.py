"""From an approved edition to messages handed over: launch, the engine that sends, and what carries the mail."""
