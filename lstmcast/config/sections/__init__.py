"""The sections of a config, each with its fields, their defaults and what they must satisfy."""
