"""The parts of the report: what it reads, its tables, figures, cards and provenance."""
