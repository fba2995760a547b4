"""What the pictures of a test set are scored against: themselves, those of another set, or nothing."""

NONE = "none"  # in the config: nobody knows what lies under the hole


def truths_of_sets(image_sets: dict[str, dict], test_sets: list[str]) -> dict[str, str]:
    """Test set → the image set that holds its truth, of those whose truth is neither their own pictures nor unknown."""
    named = {name: image_sets[name].get("truth") for name in test_sets}
    return {name: truth for name, truth in named.items() if truth is not None and truth != NONE}


def scored(image_sets: dict[str, dict], test_sets: list[str]) -> list[str]:
    """The test sets whose truth is known."""
    return [name for name in test_sets if image_sets[name].get("truth") != NONE]
