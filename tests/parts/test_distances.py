from itertools import combinations, permutations

import numpy as np
import pytest

from labelwright import InputError
from labelwright.parts import distances

RNG = np.random.default_rng(0)


def order_of(ranking, one, other):
    """1 if one comes before other, -1 if after, 0 if one of them is not ranked."""
    if one not in ranking or other not in ranking:
        return 0
    return 1 if ranking.index(one) < ranking.index(other) else -1


def plain_tau(left, right, things, penalty):
    total = 0.0
    for pair in combinations(range(things), 2):
        a, b = order_of(left, *pair), order_of(right, *pair)
        total += 1 if a * b < 0 else penalty if (a == 0) != (b == 0) else 0
    return total / (things * (things - 1) / 2)


def partial(rng, things):
    return rng.permutation(things)[: rng.integers(0, things + 1)].tolist()


@pytest.mark.parametrize("penalty", [0.0, 0.5, 1.0])
def test_kendall_tau_is_the_count_of_pairs(penalty):
    rankings = [partial(RNG, 5) for _ in range(40)]
    table = np.array([r + [-1] * (5 - len(r)) for r in rankings])
    found = distances.kendall_tau(table[:20], table[20:], things=5, penalty=penalty)
    plain = [plain_tau(a, b, 5, penalty) for a, b in zip(rankings[:20], rankings[20:])]
    np.testing.assert_allclose(found, plain)


def test_kendall_tau_of_whole_rankings_is_a_metric_that_renaming_leaves_alone():
    orders = np.array(list(permutations(range(4))))
    table = distances.kendall_tau(orders[:, None], orders[None])
    assert (np.diag(table) == 0).all()
    assert (table == table.T).all()
    assert table.max() == 1
    assert (table[:, None] <= table[:, :, None] + table.T[None] + 1e-12).all()
    renamed = RNG.permutation(4)[orders]
    np.testing.assert_array_equal(distances.kendall_tau(renamed[:, None], renamed[None]), table)


def test_the_best_of_a_list_come_before_all_others():
    assert distances.kendall_tau([2, -1, -1], [2, 0, 1], unranked="last", penalty=0) == 0
    assert distances.kendall_tau([2, -1, -1], [0, 1, 2], unranked="last", penalty=0) == pytest.approx(2 / 3)
    assert distances.pair_signs([-1, -1], 3, unranked="last").tolist() == [0, 0, 0]


def test_a_tree_is_a_graph_of_its_edges():
    parents = {"b": "a", "c": "a", "d": "b", "e": "b", "f": "e"}
    steps, nodes = distances.tree(parents)
    paths, same = distances.graph(parents.items(), nodes)
    assert same == nodes
    np.testing.assert_array_equal(steps, paths)
    listed, names = distances.tree(["a/b/d", "a/b/e/f", "a/c"])
    place = [[n.split("/")[-1] for n in names].index(n) for n in nodes]
    np.testing.assert_array_equal(listed[np.ix_(place, place)], steps)


def test_trees_of_a_forest_are_joined_above_their_roots():
    steps, nodes = distances.tree({"a": None, "b": None, "c": "b"})
    assert steps[nodes.index("a")].tolist() == [0, 2, 3]


def test_a_graph_takes_the_shortest_way_and_the_shortest_of_several_edges():
    found, _ = distances.graph(
        [("a", "b", 5.0), ("b", "a", 3.0), ("a", "c"), ("c", "b")], ["a", "b", "c", "d"]
    )
    assert found[0].tolist() == [0, 2, 1, np.inf]


@pytest.mark.parametrize(
    ("edges", "nodes", "says"),
    [
        ([("a", "b", 0.0)], None, "edge 0"),
        ([("a",)], None, "edge 0"),
        ([("a", "z")], ["a", "b"], "names 'z'"),
    ],
)
def test_what_is_no_graph(edges, nodes, says):
    with pytest.raises(InputError, match=says):
        distances.graph(edges, nodes)


def test_parents_in_a_circle():
    with pytest.raises(InputError, match="in a circle"):
        distances.tree({"a": "b", "b": "c", "c": "a", "d": None})


def plain_edits(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    table[:, 0], table[0] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i in range(len(a)):
        for j in range(len(b)):
            change = table[i, j] + (a[i] != b[j])
            table[i + 1, j + 1] = min(table[i, j + 1] + 1, table[i + 1, j] + 1, change)
    return table[-1, -1] / max(1, len(a), len(b))


def test_edit_ratio_is_that_of_the_plain_table():
    texts = ["".join(RNG.choice(list("ab c"), RNG.integers(0, 12))) for _ in range(120)]
    left, right = texts[:60], texts[60:]
    found = distances.edit_ratio(left, right)
    np.testing.assert_allclose(found, [plain_edits(a, b) for a, b in zip(left, right)])
    np.testing.assert_allclose(distances.edit_ratio(right, left), found)
    words = distances.edit_ratio(left, right, unit="words")
    np.testing.assert_allclose(words, [plain_edits(a.split(), b.split()) for a, b in zip(left, right)])


def test_edit_ratio_of_nothing():
    assert distances.edit_ratio(["", "", "a"], ["", "ab", "a"]).tolist() == [0, 1, 0]
    assert distances.edit_ratio([], []).tolist() == []


def test_every_pair_of_answers_to_an_item_once(monkeypatch):
    item = np.sort(RNG.integers(0, 10, 60))
    plain = {(i, j) for i in range(60) for j in range(i + 1, 60) if item[i] == item[j]}
    for block in (1 << 16, 7):
        monkeypatch.setattr(distances, "BLOCK", block)
        found = [pair for a, b in distances.pairs_within(item) for pair in zip(a.tolist(), b.tolist())]
        assert len(found) == len(plain)
        assert set(found) == plain
    assert list(distances.pairs_within(np.array([], dtype=int))) == []


def test_sources_are_compared_on_what_both_answered():
    item, source = np.nonzero(RNG.random((30, 5)) < 0.5)
    said = RNG.normal(size=len(item))
    found = distances.between_sources(item, source, lambda i, j: np.abs(said[i] - said[j]), 6)
    for a in range(6):
        for b in range(6):
            both = [
                abs(said[i] - said[j])
                for i in np.flatnonzero(source == a) for j in np.flatnonzero(source == b) if item[i] == item[j]
            ] if a != b else []  # fmt: skip
            assert found.shared[a, b] == len(both)
            np.testing.assert_allclose(found.distance[a, b], np.mean(both) if both else np.nan)


def test_numbers():
    assert distances.squared([1.0, 2.0], [1.0, 5.0]) == 9
    assert distances.absolute([1.0, 2.0], [0.0, 5.0]) == 4
