"""Real processes, killed at random instants, and what the ledger says afterwards."""
