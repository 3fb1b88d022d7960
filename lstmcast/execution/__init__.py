"""Where work of many equal parts runs: in this process, in others, or on a cluster."""
