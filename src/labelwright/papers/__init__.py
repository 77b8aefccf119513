"""The papers the library puts to the test: a catalogue of all of them, and one file of claims for each that is done.

>>> from labelwright import papers
>>> papers.paper("S007").key
'thyagarajan2022multilabel'
"""

from labelwright.papers.catalogue import Paper, bibtex, paper, papers, plain, references

__all__ = ["Paper", "bibtex", "paper", "papers", "plain", "references"]
