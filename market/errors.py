"""The three kinds of error, which are never mixed.

What a user typed or supplied is wrong: `InputError`, all problems at once.
A participant breaks a market rule: no exception, the order's quantity becomes zero and is counted.
An account does not balance: `ConservationError`, at once, and the run stops.
"""

from collections.abc import Iterable


class InputError(Exception):
    """Something the user supplied is wrong; carries every problem found.

    Parameters
    ----------
    problems : iterable of str
        One sentence each: what is wrong, where, and what would be accepted.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class ConservationError(Exception):
    """Energy, money or state of charge does not add up; the run stops."""
