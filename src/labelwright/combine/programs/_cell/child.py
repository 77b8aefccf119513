"""The process in which one program runs. It knows nothing of labelwright, and nothing of it is imported elsewhere.

Standard input gives a line with the program and then one item a line; standard output takes one answer a line. Order
matters: import everything, lock the process (`kernel`), read the program, check it (`rules`), run it.
"""

import ast
import builtins
import codecs
import heapq  # noqa: F401  (Counter.most_common imports it, and nothing can be imported once locked)
import json
import os
import sys
import time
import unicodedata  # noqa: F401  (the same for reading "\N{...}")
import warnings

from . import kernel, rules

BLOCK = 65536
SAID = 200  # characters of an error message that are passed on
RAISED, ILLEGAL = -2, -3
CODECS = ("ascii", "latin-1", "utf-8", "utf-8-sig", "utf-16", "cp1252", "unicode_escape")


def main():
    """Talk to the parent until it closes the line."""
    warnings.simplefilter("ignore")
    for name in CODECS:
        codecs.lookup(name)
    lines = _lines()
    told = json.loads(next(lines))
    try:
        guards = kernel.lock(told["seconds"], told["memory_mb"])
    except (OSError, ValueError) as problem:
        _stop("unlimited", f"{type(problem).__name__}: {problem}")
    for name in ("ctypes", "_ctypes", "mmap", "platform", "resource"):
        sys.modules.pop(name, None)
    _write(json.dumps(["guards", guards]) + "\n")
    # Written down now, since a program that has used all memory leaves none for words.
    full = (
        "\n" + json.dumps(["stopped", f"used more than {told['memory_mb']} MB of memory"]) + "\n"
    ).encode()
    try:
        function = _load(json.loads(next(lines)), told["function"])
        _write(json.dumps(["ready", ""]) + "\n")
        _answer(function, lines, told["k"])
    except MemoryError:
        os.write(1, full)
        os._exit(1)
    os._exit(0)


def _load(source, function):
    """The function of a program that keeps the rules; otherwise say why not and leave."""
    try:
        tree = ast.parse(source, "program")
        wrong = rules.problem(tree, function)
        code = compile("" if wrong else tree, "program", "exec")
    except SyntaxError as problem:
        _stop("refused", f"line {problem.lineno or 1}: {problem.msg}")
    except BaseException as problem:
        _stop("refused", f"cannot be read: {_words(problem)}")
    if wrong:
        _stop("refused", wrong)
    namespace = {"__builtins__": _builtins(), "__name__": "program"}
    _watch(code)
    try:
        # What this process is for: the tree kept the rules, and the process has no network, files or imports left.
        exec(code, namespace)
        found = namespace.get(function)
    except BaseException as problem:
        _stop("refused", f"fails when it is loaded: {_words(problem)}")
    if not callable(found):
        _stop("refused", f"{function} is no function once the program is loaded")
    return found


def _builtins():
    modules = rules.shelf()

    def allowed(name, globals=None, locals=None, fromlist=(), level=0):
        if name not in modules or level:
            raise ImportError(f"only {', '.join(sorted(modules))} can be imported")
        return modules[name]

    table = {name: getattr(builtins, name) for name in rules.BUILTINS}
    return table | {"__import__": allowed, "print": lambda *args, **kwargs: None}


def _watch(code):
    """End the process at the first thing it does that an honest program never does, such as opening a file.

    The interpreter reports such things before it does them; a hook cannot be taken away again.
    """
    seen: list[str] = []

    def hook(event, args):
        if event == "exec" and args[0] is code and not seen:
            seen.append(event)
        else:
            _stop("stopped", f"tried {event}, which no program may do")

    sys.addaudithook(hook)


def _answer(function, lines, k):
    pending, size, last = [], 0, time.perf_counter()
    for line in lines:
        pending.append(_one(function, json.loads(line), k))
        size += len(pending[-1])
        now = time.perf_counter()
        if size > BLOCK or now - last > 0.05:
            _write("".join(pending))
            pending, size, last = [], 0, now
    _write("".join(pending))


def _one(function, item, k):
    try:
        answer = function(item)
    except BaseException as problem:
        return json.dumps([RAISED, _words(problem)]) + "\n"
    if type(answer) is int and -1 <= answer < k:
        return f"{answer}\n"
    return json.dumps([ILLEGAL, _shown(answer)]) + "\n"


def _shown(answer):
    if type(answer) is str:
        return repr(answer[:40])
    if type(answer) in (bool, float) or (type(answer) is int and abs(answer) < 10**9):
        return repr(answer)
    return f"a value of type {type(answer).__name__}"[:SAID]


def _words(problem):
    try:
        return f"{type(problem).__name__}: {str(problem)[:SAID]}".removesuffix(": ")
    except BaseException:
        return type(problem).__name__


def _lines():
    rest = []
    while block := os.read(0, BLOCK):
        *whole, last = block.split(b"\n")
        for line in whole:
            rest.append(line)
            yield b"".join(rest)
            rest = []
        rest.append(last)


def _write(text):
    data = text.encode()
    while data:
        data = data[os.write(1, data) :]


def _stop(kind, why):
    _write("\n" + json.dumps([kind, why[: 2 * SAID]]) + "\n")
    os._exit(1)
