"""What computes in the browser: files of the npm package `onnxruntime-web`, exactly those of the lock file.

npm brings the package from the registry that it is set up for and checks it against the lock. The page needs four of
its files: a script and a WebAssembly module each for the processor and for the graphics card. The package carries no
licence text; the Python package `onnxruntime`, of the same source, does.
"""

import importlib.util
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.files import atomic, read_json, sha256_of, write_json

PACKAGE = "onnxruntime-web"
LOCK_FOLDER = Path(__file__).with_name("npm")
RECORD = "record.json"
FILES = (
    "ort.wasm.bundle.min.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort.webgpu.bundle.min.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
NOTICES = ("LICENSE", "ThirdPartyNotices.txt")
# A registry that cannot be reached is given up after seconds, not after npm's minutes.
NPM_CI = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=60000"]
SECONDS = 600


def has_npm() -> bool:
    """Whether npm is in the search path."""
    return shutil.which("npm") is not None


def version() -> str:
    """The locked version of the package."""
    return read_json(LOCK_FOLDER / "package-lock.json")["packages"][f"node_modules/{PACKAGE}"]["version"]


def fetch(folder: str | Path) -> dict:
    """Make `folder` hold the runtime, its licence and `record.json`; returns the record.

    Record: `{available: true, package, version, licence, files: name → SHA-256}`. A `LacunaError` says why it cannot be
    had; the folder is then as it was.
    """
    folder = Path(folder)
    with tempfile.TemporaryDirectory(prefix="lacuna-npm-") as temporary:
        package = _installed(Path(temporary)) / "node_modules" / PACKAGE
        spec = importlib.util.find_spec("onnxruntime")
        assert spec and spec.origin, "onnxruntime is a dependency"
        licences = Path(spec.origin).parent
        origins = _present(f"npm's package {PACKAGE} {version()}", package / "dist", FILES)
        origins |= _present("the Python package onnxruntime", licences, NOTICES)
        facts = read_json(package / "package.json")
        (folder / RECORD).unlink(missing_ok=True)  # the record counts, and is written last of all
        for name, origin in origins.items():
            with atomic(folder / name) as partial:  # never in place: studios that are made share these files by links
                shutil.copyfile(origin, partial)
    record = {
        "available": True,
        "package": PACKAGE,
        "version": facts["version"],
        "licence": facts["license"],
        "files": {name: sha256_of(folder / name) for name in origins},
    }
    write_json(folder / RECORD, record)
    return record


def do_without(folder: str | Path, reason: str) -> dict:
    """Write the record of a runtime that cannot be had here; returns it."""
    record = {"available": False, "package": PACKAGE, "version": version(), "reason": reason}
    write_json(Path(folder) / RECORD, record)
    return record


def read_record(folder: str | Path) -> dict:
    """The record in a folder that `fetch` or `do_without` made; a `LacunaError` if a file that it names is gone."""
    record = read_json(Path(folder) / RECORD)
    missing = [name for name in record.get("files", {}) if not (Path(folder) / name).is_file()]
    if missing:
        raise LacunaError(f"{folder} has no {missing[0]}; run 'lacuna fetch-web-runtime --output {folder}' again")
    return record


def _installed(folder: Path) -> Path:
    if not has_npm():
        raise LacunaError(f"{PACKAGE} is installed with npm, which is missing here; install Node.js with npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(LOCK_FOLDER / name, folder / name)
    try:
        result = subprocess.run(
            NPM_CI, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except OSError as error:
        raise LacunaError(f"npm cannot be run here ({error.strerror}); install Node.js with npm again") from None
    except subprocess.TimeoutExpired:
        raise LacunaError(f"npm did not install {PACKAGE} within {SECONDS} s; try again later") from None
    if result.returncode:
        raise LacunaError(f"npm cannot install {PACKAGE} {version()} ({_reason(result.stderr)}); see 'npm config list'")
    return folder


def _present(package: str, folder: Path, names: tuple[str, ...]) -> dict[str, Path]:
    """Where the files of a package lie; a `LacunaError` if it has not all of them."""
    for name in names:
        if not (folder / name).is_file():
            raise LacunaError(f"{package} has no file {name}, which the studio needs; install another version of it")
    return {name: folder / name for name in names}


def _reason(complaints: str) -> str:
    """What npm's error lines say, without its headings, addresses and log files."""
    lines = [line.partition("npm error ")[2].strip() for line in complaints.splitlines() if "npm error " in line]
    told = [line for line in lines if not line.startswith(("A complete log", "errno", "syscall"))]
    return "; ".join(told[:2]) or json.dumps(complaints.strip()[-200:])
