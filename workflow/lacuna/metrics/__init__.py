"""Per-image scores and the facts about them."""
