"""Votes of people on which of two fills is better: the page that asks, what was answered, and what follows."""
