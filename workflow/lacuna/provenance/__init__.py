"""Whether results are what the config asks for now, and why not."""
