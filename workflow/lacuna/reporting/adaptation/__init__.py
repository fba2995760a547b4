"""What tables and figures of test-time training share: rows of its jobs, improvements, ranks, choices and pictures."""
