import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

from labelwright.data import simulate
from labelwright.errors import InputError

MODULES = [import_module(f"{simulate.__name__}.{m.name}") for m in pkgutil.iter_modules(simulate.__path__)]
REFERENCES = (Path(__file__).parents[2] / "src/labelwright/papers/references.bib").read_text(encoding="utf-8")
# Simulators ask it what looks likely; it makes no labels of its own.
NO_SIMULATOR = {"boundary_probs"}


def written():
    """Public functions in the files of the package that a user can call with a generator."""
    inner = {"checks", "draws"}
    for module in MODULES:
        for name, thing in vars(module).items():
            mine = inspect.isfunction(thing) and thing.__module__ == module.__name__ and name[0] != "_"
            if (
                mine
                and module.__name__.split(".")[-1] not in inner
                and "rng" in inspect.signature(thing).parameters
            ):
                yield name


def test_every_simulator_has_a_card_and_every_card_a_simulator():
    assert set(written()) - NO_SIMULATOR == set(simulate.names())
    assert len(simulate.names()) == len(set(simulate.names())) > 10


@pytest.mark.parametrize("name", simulate.names())
def test_a_card_says_what_one_must_know(name):
    card, simulator = simulate.card(name), getattr(simulate, name)
    assert card.name == name
    assert card.what == inspect.getdoc(simulator).splitlines()[0]
    assert card.what.endswith((".", "..."))
    assert list(card.parameters) == list(inspect.signature(simulator).parameters)
    assert card.known.endswith(".")
    assert card.keeps or card.breaks
    record = getattr(simulate, card.gives)
    assert hasattr(record, "_fields")
    assert all(re.search(rf"\b{field}\b", record.__doc__) for field in record._fields)


@pytest.mark.parametrize("name", simulate.names())
def test_sources_are_in_the_list_of_references(name):
    for key in re.findall(r"\b[a-z]+(?:19|20)\d\d[a-z]+\b", simulate.card(name).source):
        assert f"{{{key}," in REFERENCES


def test_defaults_are_those_of_the_signature():
    for name in simulate.names():
        for parameter in inspect.signature(getattr(simulate, name)).parameters.values():
            text = simulate.card(name).parameters[parameter.name]
            if parameter.default is None:
                assert "optional." in text, (name, parameter.name)
            elif parameter.default is not inspect.Parameter.empty:
                said = re.search(r"default (\(.*?\)|\S+?)\.(?: |$)", text)
                assert said, (name, parameter.name)
                assert eval(said[1], {}) == parameter.default  # a literal of ours


def test_a_card_reads_as_text():
    text = str(simulate.card("candidates"))
    assert text.startswith("candidates -> CandidateSets\nHide each label")
    assert "\nBreaks: that same rule" in text
    assert "\n  extra: float in [0, 1], or array-like (k, k). Chance that" in text
    assert "Source" not in str(simulate.card("complementary"))


def test_an_unknown_name():
    with pytest.raises(InputError, match="did you mean 'candidates'"):
        simulate.card("candidate")
    with pytest.raises(InputError, match="there are annotators, bags"):
        simulate.card("?")
    with pytest.raises(InputError, match="no simulator 'boundary_probs'"):
        simulate.card("boundary_probs")
