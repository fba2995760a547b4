"""From somebody's picture and mask to the picture with its hole filled."""
