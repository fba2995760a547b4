"""The tables of a run, one file each; `lacuna.reporting.descriptions` says what is in it."""
