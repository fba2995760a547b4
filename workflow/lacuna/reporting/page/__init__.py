"""The report: one HTML page that stands alone; `writing.page` makes it."""
