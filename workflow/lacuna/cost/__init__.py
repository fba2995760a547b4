"""What a system costs: counts of its network, time and memory of a prediction."""
