"""Files and frames become a table: found, decoded, parsed, each row with its file and line."""
