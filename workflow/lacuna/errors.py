"""The one error that a user is meant to read."""


class LacunaError(Exception):
    """One sentence: what is wrong, where, and what to do. The command line prints it without a traceback."""


def plain(text: str) -> str:
    """A line for a terminal: control characters and broken letters, which files of others may hold, are spelt out."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
