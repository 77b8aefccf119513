"""The cascade of judges, the three repairs, leaving sets out, and the loss that retrievers learn by."""

import numpy as np
import pytest

from labelwright.audit import CascadeRelabeler, Triple, prune_datasets
from labelwright.errors import InputError
from labelwright.parts import losses


def knows(relevant):
    """A judge that knows, and writes down what it was asked."""
    asked = []

    def judge(query, positives, candidates):
        asked.append((query, positives, candidates))
        return [(query, c) in relevant for c in candidates]

    return judge, asked


TRIPLES = [("q", ["a"], ["b", "c", "d"]), ("r", ["e"], ["f"]), ("s", ["g"], [])]


def test_the_last_judge_that_saw_a_query_decides():
    cheap, _ = knows({("q", "b"), ("q", "c")})
    strong, asked = knows({("q", "c"), ("q", "d"), ("r", "f")})
    found = CascadeRelabeler([cheap, strong]).judge(TRIPLES)
    assert [one.tolist() for one in found.relevant_] == [[False, True, True], [False], []]
    assert asked == [("q", ("a",), ("b", "c", "d"))]  # the same list, and nothing about "r"
    assert found.stage_.tolist() == [2, 1, 1]
    assert [cost.calls for cost in found.cost_] == [2, 1]


def test_the_three_repairs():
    judge, _ = knows({("q", "c")})
    found = CascadeRelabeler([judge]).judge(TRIPLES)
    r, s = Triple("r", ("e",), ("f",)), Triple("s", ("g",), ())
    assert found.repair("relabel") == [Triple("q", ("a", "c"), ("b", "d")), r, s]
    assert found.repair("remove_hn") == [Triple("q", ("a",), ("b", "d")), r, s]
    assert found.repair("remove") == [r, s]
    spare = [["a", "c", "x", "y", "z"], [], ["u"]]
    filled = found.repair("remove_hn", spare=spare, keep=3)
    assert [one.negatives for one in filled] == [("b", "d", "x"), ("f",), ("u",)]
    again = CascadeRelabeler([judge]).judge(found.repair("relabel"))
    assert again.repair("relabel") == found.repair("relabel")


@pytest.mark.parametrize("batch", [1, 2, 25])
def test_the_size_of_a_call_changes_the_calls_alone(batch):
    rng = np.random.default_rng(0)
    triples = [(q, [-1], list(range(rng.integers(1, 60)))) for q in range(10)]
    relevant = {(q, c) for q in range(10) for c in range(60) if rng.random() < 0.05}
    judge, asked = knows(relevant)
    found = CascadeRelabeler([judge], batch=batch).judge(triples)
    assert found.repair() == CascadeRelabeler([judge]).judge(triples).repair()
    assert max(len(c) for *_, c in asked[: found.cost_[0].calls]) <= batch
    assert found.cost_[0].calls == sum(-(-len(n) // batch) for *_, n in triples)


def test_the_report_shows_who_said_what_disputed_ones_first():
    cheap, _ = knows({("r", "f"), ("q", "d")})
    strong, _ = knows({("q", "d")})
    table = CascadeRelabeler([cheap, strong], names=["cheap", "strong"]).judge(TRIPLES).report()
    assert table["candidate"].tolist() == ["f", "b", "c", "d"]
    assert table["disputed"].tolist() == [True, False, False, False]
    assert table["relevant"].tolist() == [False, False, False, True]
    assert list(table.columns) == ["row", "query", "candidate", "cheap", "strong", "relevant", "disputed"]


@pytest.mark.parametrize(
    ("judges", "triples", "message"),
    [
        ([len], [("q", [], ["a"])], r"triple 0 \(query 'q'\) has no positive"),
        ([len], [("q", ["a"], ["b", "a"])], "'a' as positive and as negative"),
        ([lambda *_: [True]], TRIPLES, "judge 1 gave 1 answers to 3 candidates of query 'q'"),
        ([lambda *_: [2, 0, 1]], TRIPLES, "expected booleans"),
        ([], TRIPLES, "judges is empty"),
        ([len], ["q"], "triple 0 is 'q'; expected"),
        ([len], [("q", "abc", ["d"])], "positives of triple 0 is one text"),
    ],
)
def test_unusable_triples_and_judges(judges, triples, message):
    with pytest.raises(InputError, match=message):
        CascadeRelabeler(judges).judge(triples)


def test_other_mistakes():
    judge, _ = knows(set())
    with pytest.raises(InputError, match="call judge"):
        CascadeRelabeler([judge]).repair()
    with pytest.raises(InputError, match="mode='drop'"):
        CascadeRelabeler([judge]).judge(TRIPLES).repair("drop")
    with pytest.raises(InputError, match="1 lists for 3 triples"):
        CascadeRelabeler([judge]).judge(TRIPLES).repair(spare=[[]])
    with pytest.raises(InputError, match="batch=0"):
        CascadeRelabeler([judge], batch=0).judge(TRIPLES)
    with pytest.raises(InputError, match="1 sets"):
        prune_datasets(dict, float, {"a": 1})
    with pytest.raises(InputError, match="NaN"):
        prune_datasets(dict, lambda model: np.nan, {"a": 1, "b": 2})


def test_each_set_is_left_out_once_and_the_margin_counts():
    trained = []

    def train(sets):
        trained.append(sorted(sets))
        return sum(sets.values())

    sets = {"a": 3, "b": -0.5, "c": 1, "d": -2}
    pruned = prune_datasets(train, float, sets)
    assert trained == [list("abcd"), list("bcd"), list("acd"), ["a", "b", "d"], list("abc")]
    assert pruned.kept == ["a", "c"]
    assert pruned.table["dataset"].tolist() == ["d", "b", "c", "a"]
    assert pruned.table["harm"].tolist() == [2, 0.5, -1, -3]
    assert prune_datasets(train, float, sets, margin=1).kept == ["a", "b", "c"]


def test_the_contrastive_loss_is_the_cross_entropy_of_each_positive_among_the_negatives():
    rng = np.random.default_rng(0)
    logits = rng.uniform(-1, 1, (30, 6))
    marks = rng.choice([1, 0, -1], (30, 6))
    found = losses.contrastive(logits, marks.astype(float), temperature=0.3)
    for s, told, loss in zip(logits / 0.3, marks, found):
        each = [
            -np.log(np.exp(s[p]) / (np.exp(s[p]) + np.exp(s[told == 0]).sum()))
            for p in np.flatnonzero(told == 1)
        ]
        assert loss == pytest.approx(np.mean(each) if each else 0, abs=1e-9)
    left_out = np.where(marks < 0, 1e3, logits)
    np.testing.assert_allclose(
        losses.contrastive(left_out, marks.astype(float), temperature=0.3), found, atol=1e-9
    )
    with pytest.raises(InputError, match="temperature=0"):
        losses.contrastive(logits, marks.astype(float), temperature=0)
