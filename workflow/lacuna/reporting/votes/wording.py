"""What captions of votes have in common."""


def about(voters: int) -> str:
    """What the intervals of something voted by so many people are about."""
    from lacuna.reporting.bootstrap import FEW

    if voters >= FEW:
        return f"Intervals are 95 % ones, about other photographs and other voters than these {voters}."
    these = "this one voter judges" if voters == 1 else f"these {voters} voters judge"
    return (
        f"Intervals are 95 % ones, about other photographs as {these} them: fewer than {FEW} voters say nothing about "
        "others."
    )
