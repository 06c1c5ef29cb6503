"""Settings, root addresses and the server's entry: the only place that knows everybody."""
