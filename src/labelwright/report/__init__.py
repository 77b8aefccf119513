"""Make one self-contained HTML page from blocks: sections, tables, charts; no network, no build step.

A room writes its own template and numbers; this package brings the page, its style in light and dark, tables
that search, sort, filter and page in the browser, and charts that carry a text alternative. Whatever a room
passes in as `str` is escaped; only `markupsafe.Markup` is taken as it is.
"""

from labelwright.report.charts import Move, bars, heat_map, interval_bar, moves, range_cell, reliability
from labelwright.report.curves import Line, Mark, curves, slopes
from labelwright.report.page import Page, Section
from labelwright.report.pieces import empty, folded, stack, trust
from labelwright.report.preview import Preview, preview
from labelwright.report.tables import Cell, Column, DataTable, plain_table
from labelwright.report.templates import template
from labelwright.report.text import count, percent, plain, plural

__all__ = [
    "Cell",
    "Column",
    "DataTable",
    "Line",
    "Mark",
    "Move",
    "Page",
    "Preview",
    "Section",
    "bars",
    "count",
    "curves",
    "empty",
    "folded",
    "heat_map",
    "interval_bar",
    "moves",
    "percent",
    "plain",
    "plain_table",
    "plural",
    "preview",
    "range_cell",
    "reliability",
    "slopes",
    "stack",
    "template",
    "trust",
]
