"""What the drivers of the browsers have in common."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Visit:
    """What became of a navigation: an error in the browser's words, or a page over a protocol."""

    error: str | None
    protocol: str | None
    text: str
    seconds: float
