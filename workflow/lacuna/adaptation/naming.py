"""What an adapted system is called beside all others."""


def contestant(system: str, experiment: str) -> str:
    """The label of a system that an experiment adapted."""
    return f"{system}__{experiment}"


def title(system: str, experiment: str) -> str:
    """The title of the same: `Structure, adapted (combination I)`."""
    return f"{system}, adapted ({experiment.replace('_', ' ')})"
