"""The command line: one file for each command, thin; it parses, delegates and prints."""
