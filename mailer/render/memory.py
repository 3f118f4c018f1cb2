"""What was made before, by what it depends on."""

from collections.abc import Callable
from typing import Any, Final

# Of small things, that is some megabytes.
MOST: Final = 20_000


class Memory(dict[Any, Any]):
    """What was made before, by what it depends on; forgotten when there is too much of it."""

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self.most = most

    def say(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what was made for a key, made now if it was not."""
        try:
            return self[key]
        except KeyError:
            made = make()
            self.keep(key, made)
            return made

    def keep(self, key: Any, made: Any) -> None:
        """Remember what was made for a key, for a while."""
        if len(self) >= self.most:
            self.clear()
        self[key] = made
