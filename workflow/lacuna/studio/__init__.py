"""The page that paints: its files, the runtime that computes in the browser, and the server on loopback."""
