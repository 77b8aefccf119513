"""Progress goes to standard error, where somebody looks, and never to standard output."""

import io

import pytest

from labelwright import progress as module
from labelwright.progress import progress


def test_silent_where_nobody_looks(capfd):
    with progress("counting", total=2) as tick:
        tick()
        tick(2)
    assert capfd.readouterr() == ("", "")


def test_shown_on_standard_error(capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the captured stream for a terminal
    with progress("outer", total=2, show=True) as tick, progress("inner", show=True) as inner:
        inner()
        tick(2)
    out, err = capfd.readouterr()
    assert out == ""
    assert "outer" in err or "inner" in err
    assert module._live is None


def test_terminals_get_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress("working", total=1) as tick:
        tick()
    assert "working" in terminal.getvalue()


def test_a_failure_inside_closes_the_bar():
    with pytest.raises(RuntimeError), progress("failing", show=True):
        raise RuntimeError
    assert module._live is None
