"""Labelwright beside its peers: speed (``python -m bench``), real label errors, equal flags, coverage.

One file per room (`bench.audit`, ...) holds the speed tasks of that room; `bench.tasks` finds them by walking.
"""
