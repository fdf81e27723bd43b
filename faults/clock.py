"""A wall clock that can be moved under running processes, by a small library that is compiled where the tests run."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Dict

SOURCE = Path(__file__).with_suffix(".c")
COMPILERS = ("cc", "gcc", "clang")


def has_compiler() -> bool:
    """Whether the clock can be moved on this machine."""
    return any(map(shutil.which, COMPILERS))


class Clock:
    """The clock of all processes that are started with its variables."""

    def __init__(self, folder: Path) -> None:
        """Compiles the library into a folder; the clock is the machine's at first.

        Raises:
            subprocess.CalledProcessError: the compiler refuses.
        """
        compiler = next(filter(shutil.which, COMPILERS))
        self._library = folder / "clock.so"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(self._library), str(SOURCE), "-ldl", "-pthread"]
        subprocess.run(command, check=True)
        self._file = folder / "clock"
        self._file.write_bytes(struct.pack("=q", 0))

    @property
    def variables(self) -> Dict[str, str]:
        """For the environment of a process."""
        return {"LD_PRELOAD": str(self._library), "MOVED_CLOCK": str(self._file)}

    def move(self, seconds: float) -> None:
        """Sets all clocks that much from the machine's, at once; 0 puts them right."""
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), 8) as memory:
            memory[:] = struct.pack("=q", int(seconds * 1e9))
