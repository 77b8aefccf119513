"""Jinja templates and assets from inside packages, with escaping switched on."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from labelwright.report import text

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_HERE = "labelwright.report"


def asset(name: str, package: str = _HERE) -> str:
    """Text of a file that lies inside a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


@cache
def _environment(package: str) -> "Environment":
    from jinja2 import ChoiceLoader, Environment, FunctionLoader, PrefixLoader, StrictUndefined

    def own(name: str) -> str:
        return asset(name, package)

    # A room's templates are found by their name, ours also from there as "report/NAME".
    loader = ChoiceLoader([PrefixLoader({"report": FunctionLoader(asset)}), FunctionLoader(own)])
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        count=text.count, about=text.about, percent=text.percent, plain=text.plain, plural=text.plural
    )
    return environment


def template(name: str, package: str = _HERE) -> "Template":
    """Load the template `name` that lies beside the modules of `package`.

    Examples
    --------
    >>> template("page.html.jinja").name
    'page.html.jinja'
    """
    return _environment(package).get_template(name)
