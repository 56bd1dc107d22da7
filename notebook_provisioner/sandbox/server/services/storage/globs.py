"""Cloud Storage's ``matchGlob``: ``*`` stops at ``/``, ``**`` does not, ``?``, ``[a-z]`` and ``{a,b}``.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob
"""

import re
from functools import lru_cache


@lru_cache(maxsize=64)
def glob_pattern(glob: str) -> "re.Pattern[str]":
    """Compile *glob* to a regular expression that matches whole object names.

    Raises:
        ValueError: A bracket or brace is not closed, or a range in brackets runs backwards.
    """
    pieces: list[str] = []
    depth = 0
    position = 0
    while position < len(glob):
        character = glob[position]
        if glob.startswith("**", position):
            pieces.append(".*")
            position += 2
            continue
        if character == "[":
            close = glob.find("]", position + 2)
            if close < 0:
                raise ValueError(f"matchGlob {glob!r}: '[' without ']'")
            members = glob[position + 1 : close].replace("\\", "\\\\")
            negated = members.startswith(("!", "^"))
            pieces.append(f"[^{members[1:]}]" if negated else f"[{members}]")
            position = close + 1
            continue
        pieces.append(_translated(character, inside_braces=depth > 0 or character == "{"))
        depth += (character == "{") - (character == "}" and depth > 0)
        position += 1
    if depth:
        raise ValueError(f"matchGlob {glob!r}: '{{' without '}}'")
    try:
        return re.compile("".join(pieces) + r"\Z", re.DOTALL)
    except re.error as error:
        raise ValueError(f"matchGlob {glob!r}: {error}") from None


def _translated(character: str, *, inside_braces: bool) -> str:
    if character == "*":
        return "[^/]*"
    if character == "?":
        return "[^/]"
    if inside_braces and character in "{,}":
        return {"{": "(?:", ",": "|", "}": ")"}[character]
    return re.escape(character)
