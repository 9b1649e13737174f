"""What happened, as rows: the engine, the tables, and the statements that matter for correctness."""
