"""What is learnt after a message was handed over: events of providers, read and made ours. Pure; writes nothing."""
