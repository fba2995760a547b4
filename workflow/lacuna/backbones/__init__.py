"""Published networks that losses and metrics stand on, fetched by hash."""
