"""What a program may be made of: everything not named here is refused before anything runs.

Used by the child process alone.
"""

import ast
import collections
import math
import re
import string
from types import SimpleNamespace

SHELF = {
    "re": "compile search match fullmatch split findall finditer sub subn escape error Pattern Match "
    "A ASCII I IGNORECASE M MULTILINE S DOTALL X VERBOSE U UNICODE",
    "math": " ".join(name for name in dir(math) if not name.startswith("_")),
    # Not Formatter or Template: a Formatter reads attributes that are named in a text.
    "string": "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation printable "
    "whitespace capwords",
    # Not namedtuple, which compiles code.
    "collections": "Counter defaultdict OrderedDict deque",
}  # fmt: skip
REAL = {"re": re, "math": math, "string": string, "collections": collections}
BUILTINS = """
    abs all any ascii bin bool bytes callable chr complex dict divmod enumerate filter float format frozenset hash hex
    int isinstance issubclass iter len list map max min next oct ord pow range repr reversed round set slice sorted str
    sum tuple zip None True False Exception ArithmeticError AssertionError AttributeError IndexError KeyError
    LookupError NotImplementedError OverflowError RecursionError RuntimeError StopIteration TypeError UnicodeError
    ValueError ZeroDivisionError MemoryError ImportError NameError
""".split()  # noqa: SIM905 (a page of quotes)
TYPES = (
    str, bytes, int, float, complex, list, tuple, dict, set, frozenset, re.Pattern, re.Match, collections.Counter,
    collections.defaultdict, collections.OrderedDict, collections.deque,
)  # fmt: skip
# `format` and `format_map` read attributes that are named in a text.
ATTRIBUTES = {name for kind in TYPES for name in dir(kind) if not name.startswith("_")} - {
    "format",
    "format_map",
}
ATTRIBUTES |= {name for names in SHELF.values() for name in names.split()} | {"args"}

NODES = frozenset(
    """
    Module Expression FunctionDef Return Delete Assign AugAssign AnnAssign For While If With Raise Try TryStar
    Assert Import ImportFrom Global Nonlocal Expr Pass Break Continue BoolOp NamedExpr BinOp UnaryOp Lambda
    IfExp Dict Set ListComp SetComp DictComp GeneratorExp Yield YieldFrom Compare Call FormattedValue JoinedStr
    Constant Attribute Subscript Starred Name List Tuple Slice Load Store Del And Or Add BitAnd BitOr BitXor Div
    FloorDiv LShift Mod Mult MatMult Pow RShift Sub Invert Not UAdd USub Eq Gt GtE In Is IsNot Lt LtE NotEq
    NotIn comprehension ExceptHandler arguments arg keyword alias withitem Match match_case MatchValue
    MatchSingleton MatchSequence MatchMapping MatchClass MatchStar MatchAs MatchOr TypeIgnore
    """.split()  # noqa: SIM905 (a page of quotes)
)
# Said early and in words; they are not there when the program runs either.
ABSENT = {
    "exec", "eval", "compile", "open", "input", "getattr", "setattr", "delattr", "hasattr", "globals", "locals", "vars",
    "dir", "type", "object", "super", "memoryview", "breakpoint", "exit", "quit", "help", "id", "classmethod",
    "staticmethod", "property",
}  # fmt: skip


def shelf():
    """The modules a program can import: bare collections of names, so that no way leads on to other modules."""
    return {
        module: SimpleNamespace(**{name: getattr(REAL[module], name) for name in names.split()})
        for module, names in SHELF.items()
    }


def problem(tree, function):
    """Why this syntax tree may not run, or None."""
    bound = {name for node in ast.walk(tree) for name in _bound(node)}
    for node in ast.walk(tree):
        found = _problem_of(node, bound)
        if found:
            return f"line {getattr(node, 'lineno', 1)}: {found}"
    return _function_problem(tree, function)


def _problem_of(node, bound):
    kind = type(node).__name__
    if kind not in NODES:
        return "defines a class; only functions are allowed" if kind == "ClassDef" else f"uses {kind}"
    if isinstance(node, ast.Import):
        return next((p for alias in node.names if (p := _import_problem(alias.name, None))), None)
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return next((p for alias in node.names if (p := _import_problem(module, alias.name))), None)
    read = [node.attr] if isinstance(node, ast.Attribute) else getattr(node, "kwd_attrs", [])
    if strange := [name for name in read if name not in ATTRIBUTES]:
        return f"reads the attribute {strange[0]!r}, which no text, number, container or pattern has, or is unsafe"
    if isinstance(node, ast.Name):
        if node.id in ABSENT - bound:
            return f"uses {node.id!r}"
        return _name_problem(node.id) if node.id != "__name__" or isinstance(node.ctx, ast.Store) else None
    return next((found for name in _bound(node) if (found := _name_problem(name))), None)


def _name_problem(name):
    return f"uses the name {name!r}" if name.startswith("__") else None


def _import_problem(module, name):
    if module not in SHELF:
        return f"imports {module}; only {', '.join(sorted(SHELF))} are allowed"
    if name is not None and name != "*" and name not in SHELF[module].split():
        return f"imports {name} from {module}, which is not allowed"
    return None


def _bound(node):
    """Every name that a node gives a meaning."""
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, ast.Store) else []
    found = [getattr(node, field, None) for field in ("name", "asname", "arg", "rest")]
    return [name for name in [*found, *getattr(node, "names", ())] if isinstance(name, str)]


def _function_problem(tree, function):
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    if not found:
        return f"defines no function {function}(item)"
    told = found[-1].args
    places = len(told.posonlyargs) + len(told.args)
    needed = places - len(told.defaults) + sum(default is None for default in told.kw_defaults)
    if needed > 1 or (places == 0 and told.vararg is None) or any(d is None for d in told.kw_defaults):
        return f"{function} must take one item; it needs {needed} arguments"
    return None
