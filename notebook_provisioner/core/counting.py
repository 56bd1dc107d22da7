"""Numbers of things, in words."""


def counted(count: int, what: str) -> str:
    """``1 notebook``, ``2 notebooks``; *what* is the singular of a word that only takes an s."""
    return f"{count} {what}{'' if count == 1 else 's'}"
