"""What a kind of image source lists, whole."""

from lacuna.data.origins import Origin, PassedOver


def listed(kind, settings: dict) -> tuple[list[Origin], dict[str, str]]:
    """The photographs, and name → reason of what was passed over."""
    found = list(kind.photographs(settings).listed)
    passed_over = {each.name: each.reason for each in found if isinstance(each, PassedOver)}
    return [each for each in found if isinstance(each, Origin)], passed_over
