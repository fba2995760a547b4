"""`python -m lacuna` is the same program as the `lacuna` command."""

from lacuna.cli import main

raise SystemExit(main())
