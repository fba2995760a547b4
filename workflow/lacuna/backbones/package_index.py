"""A distribution file from the package index that pip is set up for, without building or running what it holds.

`pip download` would run the `setup.py` of a source distribution to learn its dependencies. So pip is asked only where
the file is and for its bytes: its own finder and session know the index, mirrors, proxies, certificates and passwords
of this machine. These are pip's internals, the same from pip 22 to 26; they run in a process of their own, and should
a later pip change them, the caller's error says which file to put where.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

from lacuna.errors import LacunaError


def download(package: str, file: str, target: Path) -> None:
    """Write the file named `file` of `name==version` to `target`; a `LacunaError` says why it cannot be had."""
    name = package.partition("==")[0]
    command = [sys.executable, "-m", __name__, name, file, str(target)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LacunaError(f"pip cannot download {file}: {reason}")


def _download_with_pip(name: str, file: str, target: Path) -> None:
    from pip._internal.commands import create_command

    command: Any = create_command("download")
    options, _ = command.parse_args(["--retries", "2", name])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        links = [found.link for found in finder.find_all_candidates(name) if found.link.filename == file]
        if not links:
            sys.exit(f"no index that pip can reach has {file}")
        with session.get(links[0].url_without_fragment, stream=True) as response:
            response.raise_for_status()
            with target.open("wb") as stream:
                for chunk in response.iter_content(1 << 20):
                    stream.write(chunk)


if __name__ == "__main__":
    _download_with_pip(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
