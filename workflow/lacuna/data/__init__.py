"""Where images and masks come from, and how they reach a system."""
