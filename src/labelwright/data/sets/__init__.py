"""One data set a file: its card, its source, and ``load(**options)``."""
