"""The loop that trains every system, with its budgets, checkpoints and logs."""
