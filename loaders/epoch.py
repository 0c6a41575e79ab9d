"""The number of the epoch, one for a process and the workers that it starts."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import get_spawning_popen
from typing import Any


class Epoch:
    """A number in shared memory: workers that live for several epochs read what the main process sets.

    In a pickle that is not made for a new process it is a plain number.
    """

    def __init__(self, value: int = 0) -> None:
        """Begins with an epoch."""
        self._shared = multiprocessing.Value("q", value, lock=False)

    @property
    def value(self) -> int:
        """The epoch."""
        return int(self._shared.value)

    @value.setter
    def value(self, epoch: int) -> None:
        self._shared.value = epoch

    def __getstate__(self) -> dict[str, Any]:
        return {"_shared": self._shared} if get_spawning_popen() else {"value": self.value}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "value" in state:
            state = {"_shared": multiprocessing.Value("q", state["value"], lock=False)}
        self.__dict__.update(state)
