"""Messages between SimPy processes: broadcast, never polled."""

from typing import Generic, TypeVar

import simpy

M = TypeVar("M")


class Broadcast(Generic[M]):
    """A message that every listener waiting at this instant hears."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._event = env.event()

    def wait(self) -> simpy.Event:
        """Return the event of the next message."""
        return self._event

    @property
    def heard(self) -> bool:
        """True when anybody is waiting for a message."""
        return bool(self._event.callbacks)

    def send(self, message: M) -> None:
        """Wake all listeners with `message`."""
        event, self._event = self._event, self._env.event()
        event.succeed(message)
