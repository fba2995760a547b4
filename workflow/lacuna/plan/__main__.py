"""`python -m lacuna.plan`: write what planning takes from `lacuna.recorded`."""

from lacuna.plan.recording import recording
from lacuna.recorded import FILE

FILE.write_text(recording(), encoding="utf-8")
print(f"wrote {FILE.name}")
