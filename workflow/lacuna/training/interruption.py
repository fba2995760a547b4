"""Turn SIGTERM and Ctrl-C into a flag that the loop checks between steps."""

import signal
from types import TracebackType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interruption:
    """While entered, the signals are noted instead of ending the program. A second Ctrl-C ends it as usual."""

    requested = False

    def __enter__(self) -> "Interruption":
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
