"""Pictures that no network can be adapted to, whatever it learned before."""

from lacuna.errors import LacunaError


class UnfitPicture(LacunaError):
    """Too little of the picture is known, or its hole leaves no room for the masks that adapting takes.

    A command refuses such a picture; a job of many pictures passes over it and goes on.
    """
