"""The errors that cross layers; each str() can be shown to a user as it is.

Parse errors become warnings on the unit, request errors one reply line and an exit code; kernel errors stay OSError.
"""

from __future__ import annotations


class FastinitError(Exception):
    """Base of every error that fastinit raises on purpose."""


class UnitError(FastinitError):
    """A unit file that cannot be used; str() is '<path>:<line>: cannot <verb> <thing>: <why>'."""


class RequestError(FastinitError):
    """A request that cannot be carried out.

    exit_code: what systemctl returns for it (systemctl(1), "EXIT STATUS").
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
