"""The package as a whole: what loads at start, which way the arrows point, and what every public name owes."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

import labelwright
from labelwright.testing.discover import ROOMS

SOURCE = Path(labelwright.__file__).parent
FILES = sorted(p for p in SOURCE.rglob("*.py"))
EXTRAS = (
    "sklearn", "pandas", "torch", "numba", "pyarrow", "typer", "rich", "jinja2", "skrub", "polars", "narwhals",
    "joblib", "PIL", "openpyxl", "matplotlib", "scipy.optimize",
)  # fmt: skip

FOUNDATION = {"errors", "progress", "frames"}
EVIDENCE = FOUNDATION | {"evidence"}
PARTS = EVIDENCE | {"parts"}
PASSES = PARTS | {"passes"}
LOOPS = PASSES | {"loops"}
BESIDE = {"models", "data", "files", "report", "nets", "ledger"}
BELOW_ROOMS = LOOPS | BESIDE
BELOW_PAPERS = BELOW_ROOMS | set(ROOMS)
FACES = {"reproduce", "cli", "studio"}

# What each part of the package may import besides itself.
MAY = {
    "errors": set(), "progress": {"errors"}, "frames": {"errors"},
    "evidence": FOUNDATION, "parts": EVIDENCE, "passes": PARTS, "loops": PASSES,
    "models": EVIDENCE | {"data"},  # a small local model comes out of a package, as data do
    "data": EVIDENCE, "files": FOUNDATION, "report": FOUNDATION, "nets": PARTS, "ledger": EVIDENCE,
    **dict.fromkeys(ROOMS, BELOW_ROOMS),
    "papers": BELOW_PAPERS,
    **{face: BELOW_PAPERS | {"papers"} | FACES for face in FACES},
    "testing": BELOW_PAPERS | {"papers"} | FACES,
}  # fmt: skip


def name_of(path):
    return path.relative_to(SOURCE).as_posix()


def part_of(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path, text=None):
    """Parts of labelwright that a file imports, also inside functions, with the line."""
    place = path.relative_to(SOURCE.parent).with_suffix("").parts
    package = place[:-1]
    for node in ast.walk(ast.parse(path.read_text() if text is None else text)):
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            found = (
                [f"{module}.{alias.name}" for alias in node.names] if module == "labelwright" else [module]
            )
        for name in found:
            if name.split(".")[0] == "labelwright":
                yield [*name.split("."), "labelwright"][1], node.lineno


def wrong_arrows(path, text=None):
    mine = part_of(path)
    return [
        f"{name_of(path)}:{line} imports {theirs}"
        for theirs, line in imports(path, text)
        if theirs not in {mine, "labelwright", "__version__", *MAY[mine]}
    ]


def test_arrows_point_one_way():
    wrong = [
        arrow for path in FILES if path.parent != SOURCE or path.stem in MAY for arrow in wrong_arrows(path)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        ("evidence/new.py", "from labelwright.parts import scores", ["evidence/new.py:1 imports parts"]),
        (
            "evidence/new.py",
            "def f():\n    import labelwright.audit.confident",
            ["evidence/new.py:2 imports audit"],
        ),
        ("parts/new.py", "from labelwright import loops", ["parts/new.py:1 imports loops"]),
        ("parts/new.py", "from ..passes.sources import x", ["parts/new.py:1 imports passes"]),
        ("audit/new.py", "from labelwright.learn import x", ["audit/new.py:1 imports learn"]),
        ("audit/new.py", "if True:\n    from ..learn import x", ["audit/new.py:2 imports learn"]),
        ("data/new.py", "from labelwright.loops import cross_fit", ["data/new.py:1 imports loops"]),
        ("files/new.py", "from labelwright.evidence import Exact", ["files/new.py:1 imports evidence"]),
        ("passes/new.py", "from labelwright.loops import cross_fit", ["passes/new.py:1 imports loops"]),
        ("audit/new.py", "from labelwright.testing import check_score", ["audit/new.py:1 imports testing"]),
        ("errors.py", "from labelwright.frames import column", ["errors.py:1 imports frames"]),
        (
            "audit/new.py",
            "from labelwright.loops import cross_fit\nfrom . import view\nfrom .view import View",
            [],
        ),
        ("cli/new.py", "from labelwright.audit import labels", []),
        ("evidence/new.py", "from labelwright import InputError", ["evidence/new.py:1 imports InputError"]),
    ],
)
def test_a_wrong_arrow_is_seen(file, text, found):
    assert wrong_arrows(SOURCE / file, text) == found


def test_every_part_has_its_place():
    parts = {part_of(p) for p in FILES} - {"__init__", "__main__"}
    assert parts <= set(MAY), f"say what {parts - set(MAY)} may import"


def fresh(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_start_loads_nothing_heavy():
    loaded = fresh(f"import sys, labelwright; print([m for m in {EXTRAS!r} if m in sys.modules])")
    assert loaded == "[]"


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("evidence", set()),
        ("errors", set()),
        ("progress", set()),
        ("frames", set()),
        ("passes", {"scipy.optimize"}),
        ("loops", set()),
    ],
)
def test_low_layers_load_little(module, allowed):
    loaded = fresh(f"import sys, labelwright.{module}; print([m for m in {EXTRAS!r} if m in sys.modules])")
    assert set(ast.literal_eval(loaded)) <= allowed | (
        {"scipy.optimize"} if module in ("passes", "loops") else set()
    )


def test_names_load_on_first_use():
    assert (
        fresh("import labelwright as lw; print(lw.Exact(['a']).n_classes, lw.audit.__name__)")
        == "1 labelwright.audit"
    )
    assert fresh("from labelwright import *; print(Votes.__name__)") == "Votes"
    assert set(labelwright.__all__) <= set(dir(labelwright))
    with pytest.raises(AttributeError, match="labelwright has no 'nonsense'; it has"):
        labelwright.nonsense  # noqa: B018


def module_name(path):
    return ".".join(["labelwright", *path.relative_to(SOURCE).with_suffix("").parts]).removesuffix(
        ".__init__"
    )


# Names, not modules: one that cannot be imported fails its own test and not the collection of all.
NAMES = [name for name in map(module_name, FILES) if not any(part[0] == "_" for part in name.split("."))]


@pytest.mark.parametrize("name", NAMES)
def test_every_promised_name_is_there(name):
    module = import_module(name)
    missing = [name for name in getattr(module, "__all__", []) if not hasattr(module, name)]
    assert not missing
    assert module.__doc__, f"{module.__name__} does not say what it is for"


def own(module):
    """Public classes and functions defined in a module."""
    for name, thing in vars(module).items():
        plain = inspect.isclass(thing) or inspect.isfunction(thing)
        if plain and thing.__module__ == module.__name__ and not name.startswith("_"):
            yield f"{module.__name__}.{name}".removeprefix("labelwright."), thing


def test_everything_public_says_what_it_does():
    silent = []
    for module in map(import_module, NAMES):
        for name, thing in own(module):
            text = thing.__doc__ or ""
            generated = inspect.isclass(thing) and text.startswith(
                f"{thing.__name__}("
            )  # what dataclass writes
            if not text.strip() or generated:
                silent.append(name)
    assert not silent


# Exported names that need no example, with the reason.
WITHOUT_EXAMPLE = {
    "papers.claim.Ahead": "made by ahead, whose example shows it",
    "papers.claim.Claim": "every file of labelwright.papers is an example",
    "reproduce.results.Result": "a record that a run returns",
    "reproduce.results.load": "reads what a run has written",
    "reproduce.runner.run": "a run takes a minute; tests/reproduce shows small ones",
    "reproduce.runner.run_one": "a run takes a minute; tests/reproduce shows small ones",
    "reproduce.statistics.Difference": "a record that compare returns",
    "reproduce.statistics.compare": "needs a claim; tests/reproduce shows it",
    "reproduce.statistics.verdict": "needs a claim; tests/reproduce shows it",
    "evidence.base.Evidence": "abstract",
    "evidence.base.RowEvidence": "abstract",
    "passes.sources.Source": "abstract",
    "passes.confident.sweep": "the engine behind ConfidentLearning, whose example shows it",
    "audit.label_graph.Cleaned": "a record that LabelGraph.apply returns",
    "audit.label_space.Relation": "a record that label_relations returns",
    "audit.vocabularies.Vocabulary": "a record that audit.vocabulary returns",
    "audit.budget.BudgetCurve": "a record that budget_curve returns",
    "audit.benchmark.Benchmark": "a record that audit.benchmark returns",
    "audit.review_sheet.Review": "a record that TestSetAudit.check returns",
    "audit.review_sheet.ReviewSheet": "a record that TestSetAudit.review_sheet returns",
    "audit.standings.Crossing": "a record that Standings.crossings returns",
    "audit.standings.Curve": "a record that Standings.curve returns",
    "audit.checked_test_set.CheckedTestSet": "a record that TestSetAudit.check returns",
    "audit.annotators.Annotators": "a record that compare_annotators returns",
    "audit.ensemble.Flags": "a record that JudgeEnsemble.flag returns",
    "audit.judges.Judge": "a protocol",
    "audit.judges.Opinion": "a record that judges return",
    "audit.decisions.Decision": "PlatinumBuilder shows it",
    "audit.reliability.Reliability": "a record that PlatinumBuilder.evaluate returns",
    "audit.repairs.Bin": "a record that confidence_bins returns",
    "audit.repairs.Repaired": "a record that repair returns",
    "audit.critic.pairwise.Best": "what PairwiseCritic.best returns",
    "audit.critic.pairwise.Choices": "what PairwiseCritic.choose returns, whose example shows it",
    "audit.critic.pairwise.PairJudge": "a protocol; PairwiseCritic's example shows one",
    "audit.critic.pairwise.Verdict": "what PairwiseCritic.compare returns, whose example shows it",
    "audit.hard_negatives.Triple": "what CascadeRelabeler takes and returns, whose example shows it",
    "audit.result.Audit": "a record that audit.labels returns",
    "audit.result.Estimate": "a record that audit.labels returns",
    "combine.compare.Gain": "a record that gain_over_majority returns",
    "combine.draws.Drawn": "a record that draws returns",
    "combine.fusion.associate.Association": "a record that fusion.associate returns",
    "combine.fusion.fusion.Fused": "a record that LabelFusion.predict returns",
    "combine.fusion.instances.Merged": "a record that InstanceMap.merge returns",
    "combine.spatial.consensus.Consensus": "a record that spatial.consensus returns",
    "combine.spatial.consensus.SiteSummary": "a record that spatial.site_summary returns",
    "combine.spatial.schedule.SiteClass": "numbers with names",
    "combine.spatial.scores.QScore": "a record that spatial.qscore returns",
    "combine.spatial.scores.Weights": "four numbers with names",
    "combine.programs.sandbox.Outcome": "a record that programs.outcomes returns",
    "combine.result.Combined": "a record that combine.votes returns",
    "combine.result.Scored": "a record that combine.votes returns",
    "combine.statistics.Duplicates": "a record that combine.duplicates returns",
    "combine.statistics.Sources": "a record that combine.sources returns",
    "combine.pairs.Pairs": "a record that combine.pairs returns",
    "combine.tags.CombinedTags": "a record that combine.tags returns",
    "combine.spaces.base.Space": "abstract",
    "loops.climb.Climbed": "a record that loops.climb returns",
    "shift.base.PriorEstimator": "abstract",
    "shift.base.PriorInterval": "a record that PriorEstimator.interval returns",
    "shift.compare.Compared": "a record that shift.compare returns",
    "shift.kinds.ShiftKind": "a record that kind_of_shift returns",
    "shift.latent.DomainPriors": "a record that LatentLabelShift.interval returns",
    "shift.open_set.OpenPriors": "a record that OpenSetLabelShift.estimate returns",
    "shift.mixture.Mixed": "a record that shift.proportions returns",
    "shift.result.Adapted": "a record that shift.adapt returns",
    "shift.result.Expected": "a record that shift.adapt returns",
    "shift.result.Measured": "a record that shift.adapt returns",
    "shift.stream.Alarm": "a record that PriorStream returns",
    "shift.tags.TagShares": "a record that TagPriors returns",
    "data.dataset.Card": "a record that data.load returns",
    "data.simulate.cards.SimulatorCard": "a record that simulate.card returns",
    "data.simulate.copies.Duplicated": "a record that its simulator returns",
    "data.simulate.crowd.Crowd": "a record that its simulator returns",
    "data.simulate.groups.Bagged": "a record that its simulator returns",
    "data.simulate.mixed.Mixed": "a record that its simulator returns",
    "data.simulate.noise.Spoiled": "a record that its simulator returns",
    "data.simulate.pictures.Corrupted": "a record that its simulator returns",
    "data.simulate.questions.ComputedQuestions": "a record that its simulator returns",
    "data.simulate.rules.Rules": "a record that its simulator returns",
    "data.simulate.sets.CandidateSets": "a record that its simulator returns",
    "data.simulate.shift.Shifted": "a record that its simulator returns",
    "data.simulate.tags.Masked": "a record that its simulator returns",
    "data.simulate.unlabelled.LabelledPositives": "a record that its simulator returns",
    "loops.acquire.Acquired": "a record that loops.acquire returns",
    "loops.em.Fitted": "a record that loops.em returns",
    "loops.teach.Lesson": "a record that loops.teach returns",
    "data.dataset.Dataset": "a record that data.load returns",
    "data.load": "fetches; tests/data loads every set",
    "data.fetch.cache_dir": "differs from machine to machine",
    "files.roles.Roles": "a record that files.guess_roles returns",
    "files.table.Table": "a record that files.read returns",
    "models.language.Completes": "a protocol",
    "models.language.Opens": "a protocol",
    "models.language.Scores": "a protocol",
    "models.features.Features": "a record of the features the audit takes",
    "models.features.Member": "a record of one model the audit takes",
    "models.features.of_frame": "needs skrub; the audit of a frame shows it",
    "models.features.of_images": "needs pillow; the audit of images shows it",
    "models.text.TextEncoder": "a protocol",
    "models.text.sentence_encoder": "needs an encoder on disk",
    "files.estimators.read_model": "needs skops; tests/cli/test_adapt.py opens a model",
    "report.charts.Move": "a record of the report page",
    "report.charts.range_cell": "draws; the report page shows it",
    "report.curves.Line": "a record of a chart; curves shows it",
    "report.curves.Mark": "a record of a chart; curves takes it",
    "report.page.Section": "a record of the report page",
    "report.preview.Preview": "a record of the report page",
    "report.tables.Cell": "a record of the report page",
    "report.tables.Column": "a record of the report page",
}


def exported():
    """Classes and functions in the `__all__` of the package and its parts, by where they are defined."""
    found = {}
    for module in (m for m in map(import_module, NAMES) if hasattr(m, "__path__")):
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            if (inspect.isclass(thing) or inspect.isfunction(thing)) and thing.__module__.startswith(
                "labelwright"
            ):
                found[f"{thing.__module__}.{thing.__name__}".removeprefix("labelwright.")] = thing
    return found


def test_everything_exported_shows_an_example():
    bare = {name for name, thing in exported().items() if ">>>" not in (thing.__doc__ or "")}
    exceptions = {
        name for name, thing in exported().items() if inspect.isclass(thing) and issubclass(thing, Exception)
    }
    assert not bare - exceptions - set(WITHOUT_EXAMPLE)


def test_reasons_are_still_needed():
    stale = {name for name in WITHOUT_EXAMPLE if name not in exported() or ">>>" in exported()[name].__doc__}
    assert not stale


def test_nothing_prints_but_the_command():
    guilty = [
        f"{name_of(path)}:{node.lineno}"
        for path in FILES
        if part_of(path) not in ("cli", "__main__")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not guilty


def test_no_helper_drawers():
    drawers = [
        name_of(p)
        for p in FILES
        if p.stem.strip("_") in ("utils", "util", "helpers", "helper", "misc", "common")
    ]
    assert not drawers


def test_files_fit_a_reader():
    long = {name_of(p): n for p in FILES if (n := len(p.read_text().splitlines())) > 400}
    assert not long


def test_types_ship():
    assert files("labelwright").joinpath("py.typed").is_file()


def test_rooms_are_known_to_the_front_door():
    there = {p.name for p in SOURCE.iterdir() if (p / "__init__.py").is_file()} - {
        "cli",
        "studio",
        "reproduce",
        "papers",
    }
    assert there - set(labelwright._ROOMS) == set()
    for room in labelwright._ROOMS:
        assert import_module(f"labelwright.{room}")


def test_tests_are_no_packages():
    """One scheme for all folders: no `__init__.py`, imports from `tests...`; pytest puts the root on the path."""
    root = Path(__file__).parent
    assert not sorted(p.relative_to(root).as_posix() for p in root.rglob("__init__.py"))
