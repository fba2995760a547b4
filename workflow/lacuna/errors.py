"""The one error that a user is meant to read."""


class LacunaError(Exception):
    """One sentence: what is wrong, where, and what to do. The command line prints it without a traceback."""
