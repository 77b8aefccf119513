"""Spans: Bayes over whole tag sequences equals enumeration, and tags turn into spans and back."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import Exact, InputError, Together
from labelwright.evidence.chains import Transitions, best_paths, messages, steps
from labelwright.evidence.spans import Spans
from labelwright.testing import check_evidence, enumerate_labels

SLOWLY = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**31 - 1)


def valid(tags):
    return all(
        tag[0] != "I" or (before[0] in "BI" and before[2:] == tag[2:])
        for before, tag in zip(["O", *tags], tags)
    )


def spans_of(tags):
    """Spans of valid tags, token by token."""
    found = []
    for i, tag in enumerate(tags):
        if tag[0] == "B":
            found.append([i, i + 1, tag[2:]])
        elif tag[0] == "I":
            found[-1][1] = i + 1
    return [tuple(span) for span in found]


def agrees(tags, spans, complete):
    found = spans_of(tags)
    return set(found) == set(spans) if complete else set(spans) <= set(found)


def draw(rng, most=5):
    """Lengths, spans told of random valid tags, which sequences are complete, kinds and tags in a random order."""
    kinds = ["x", "y"][: rng.integers(1, 3)]
    tags = [f"{part}-{kind}" for kind in kinds for part in "BI"] + ["O"]
    tags = [tags[i] for i in rng.permutation(len(tags))]
    lengths, spans, left = [], [], most if len(kinds) == 1 else most - 1
    while left:
        lengths.append(int(rng.integers(0, left + 1)))
        left -= lengths[-1]
        truth = ["I-x"]
        while not valid(truth):
            truth = [tags[i] for i in rng.integers(len(tags), size=lengths[-1])]
        spans.append([span for span in spans_of(truth) if rng.random() < 0.7])
    return lengths, spans, rng.random(len(lengths)) < 0.5, kinds, tags


def enumerate_slowly(lengths, spans, complete, tags, probs):
    n, k = probs.shape
    ends, total, mass, best = np.cumsum(lengths), 0.0, np.zeros((n, k)), (-1.0, None)
    for labels in itertools.product(range(k), repeat=n):
        weight = np.prod(probs[np.arange(n), labels])
        for end, length, told, whole in zip(ends, lengths, spans, complete):
            said = [tags[c] for c in labels[end - length : end]]
            weight *= valid(said) and agrees(said, told, whole)
        total += weight
        mass[np.arange(n), labels] += weight
        best = max(best, (weight, labels))
    return mass, total, best


@SLOWLY
@given(SEEDS)
def test_posterior_log_evidence_and_best_equal_enumeration(seed):
    rng = np.random.default_rng(seed)
    lengths, spans, complete, kinds, tags = draw(rng)
    told = Spans(lengths, spans, kinds, complete=complete, classes=tags)
    probs = rng.dirichlet(np.ones(len(tags)), len(told))
    if rng.random() < 0.3:
        probs = np.where(probs < 0.1, 0, probs)
        probs /= probs.sum(axis=1, keepdims=True)
    mass, total, best = enumerate_slowly(lengths, spans, complete, tags, probs)
    if not total:
        with pytest.raises(InputError, match="impossible"):
            told.posterior(probs)
        with pytest.raises(InputError, match="impossible"):
            told.best(probs)
        return
    np.testing.assert_allclose(told.posterior(probs), mass / total, atol=1e-9)
    np.testing.assert_allclose(told.log_evidence(probs).sum(), np.log(total), atol=1e-9)
    assert told.best(probs).tolist() == list(best[1])
    posterior, log_evidence = enumerate_labels(told, probs)
    np.testing.assert_allclose(posterior, mass / total, atol=1e-9)
    assert log_evidence == pytest.approx(np.log(total))


@SLOWLY
@given(SEEDS)
def test_likelihood_of_tags_is_agreement_with_every_span(seed):
    rng = np.random.default_rng(seed)
    lengths, spans, complete, kinds, tags = draw(rng, most=9)
    told = Spans(lengths, spans, kinds, complete=complete, classes=tags)
    probs = np.full((len(told), len(tags)), 1 / len(tags))
    likely = told.best(rng.dirichlet(np.ones(len(tags)) * 2, len(told)))
    for codes in (likely, rng.integers(len(tags), size=len(told)), np.argmax(told.posterior(probs), axis=1)):
        ends = np.cumsum(lengths)
        said = [[tags[c] for c in codes[end - m : end]] for end, m in zip(ends, lengths)]
        slow = all(valid(s) and agrees(s, t, whole) for s, t, whole in zip(said, spans, complete))
        assert told.likelihood_of(codes) == slow
        if slow:
            assert told.decode(codes) == [spans_of(s) for s in said]
    assert told.likelihood_of(likely) == 1.0


@SLOWLY
@given(SEEDS)
def test_whole_sequences_may_be_taken_in_any_order_of_tokens(seed):
    rng = np.random.default_rng(seed)
    lengths, spans, complete, kinds, tags = draw(rng, most=12)
    told = Spans(lengths, spans, kinds, complete=complete, classes=tags)
    probs = rng.dirichlet(np.ones(len(tags)), len(told))
    chosen = rng.random(len(lengths)) < 0.6
    rows = rng.permutation(np.flatnonzero(chosen[told.groups]))
    part = told[rows]
    np.testing.assert_allclose(part.posterior(probs[rows]), told.posterior(probs)[rows], atol=1e-12)
    np.testing.assert_allclose(part.log_evidence(probs[rows]), told.log_evidence(probs)[rows], atol=1e-12)
    np.testing.assert_array_equal(part.best(probs[rows]), told.best(probs)[rows])
    found = told.decode(told.best(probs))
    kept = list(dict.fromkeys(told.groups[rows].tolist()))
    assert part.decode(part.best(probs[rows])) == [found[s] for s in kept]
    assert part.lengths.tolist() == [lengths[s] for s in kept]


def test_a_sequence_is_not_cut_apart():
    told = Spans([2, 3], [[], [(0, 2, "x")]])
    with pytest.raises(InputError, match="1 of the 2 items of one sequence"):
        told[1:4]
    assert told[2:].told.tolist() == [1, 2, 0]


def examples():
    return [
        Spans([3, 1, 2], [[(0, 2, "x")], [], [(1, 2, "x")]], complete=[False, True, False]),
        Spans(
            [2, 1], [[], [(0, 1, "x")]], ["x", "y"], complete=False, classes=["I-y", "B-x", "O", "B-y", "I-x"]
        ),
        Spans.from_tags([["B-x", None, "O"], [None, "I-x"]]),
    ]


def test_the_contract():
    for told in examples():
        check_evidence(told)
        check_evidence(told.noisy(0.1))
    told = examples()[0]
    check_evidence(told & Exact([None, "I-x", None, "O", None, None], classes=told.classes.tolist()))


def test_messages_follow_from_independent_tokens_under_a_table_that_is_not_bio():
    rng = np.random.default_rng(0)
    for _ in range(20):
        k, lengths = 4, rng.integers(0, 5, 6)
        follows = rng.random((k, k)) < 0.5
        follows[np.arange(k), rng.permutation(k)] = True
        first = np.append(True, rng.random(k - 1) < 0.5)
        n = lengths.sum()
        weights = rng.random((n, k))
        places = steps(np.cumsum(lengths) - lengths, lengths, np.arange(n))
        logs = messages(np.log(weights), first, Transitions(follows), places)
        states, totals = best_paths(np.log(weights), first, Transitions(follows), places)
        by_length = np.argsort(-lengths, kind="stable")
        for s, (start, m) in enumerate(zip(np.cumsum(lengths) - lengths, lengths)):
            mass, best = np.zeros((m, k)), 0.0
            for path in itertools.product(range(k), repeat=m):
                if m and first[path[0]] and all(follows[a, b] for a, b in itertools.pairwise(path)):
                    own = weights[start + np.arange(m), path]
                    mass[np.arange(m), path] += np.prod(own) / own
                    best = max(best, np.prod(own))
            np.testing.assert_allclose(np.exp(logs[start : start + m]), mass, atol=1e-12)
            if m and best:
                own = weights[start + np.arange(m), states[start : start + m]]
                assert np.prod(own) == pytest.approx(best)
                assert np.exp(totals[by_length.tolist().index(s)]) == pytest.approx(best)


def test_nothing_told_says_that_tags_are_valid():
    told = Spans([2], [[]], ["x"], complete=False)
    np.testing.assert_allclose(told.log_evidence(np.full((2, 3), 1 / 3)).sum(), np.log(5 / 9))


def test_a_partial_span_ends_where_it_was_told_to_end():
    told = Spans([3], [[(0, 1, "x")]], ["x", "y"], complete=False)
    flat = told.posterior(np.full((3, 5), 0.2))
    assert flat[1, told.classes.tolist().index("I-x")] == 0
    assert flat[1, told.classes.tolist().index("B-x")] > 0
    assert Spans.from_tags([["B-x", None]]).posterior(np.full((2, 3), 1 / 3))[1, 2] > 0  # a tag tells no end


def test_tags_spans_and_offsets_tell_the_same():
    text = Spans([3, 2], [[(1, 3, "x")], [(0, 1, "y")]])
    tags = Spans.from_tags([["O", "B-x", "I-x"], ["B-y", "O"]])
    offsets = Spans.from_offsets([[(0, 2), (3, 5), (5, 8)], [(0, 4), (5, 6)]], [[(3, 7, "x")], [(1, 4, "y")]])
    for other in (tags, offsets):
        assert other.classes.tolist() == text.classes.tolist() == ["O", "B-x", "I-x", "B-y", "I-y"]
        assert other.told.tolist() == text.told.tolist()
    assert text.decode(text.told) == [[(1, 3, "x")], [(0, 1, "y")]]


def test_kinds_of_any_name_and_tags_in_the_order_of_the_model():
    told = Spans([2], [[(0, 1, ("a", 1))]], kinds=[("a", 1), 7])
    assert told.classes.tolist() == ["O", "B-('a', 1)", "I-('a', 1)", "B-7", "I-7"]
    assert told.decode([3, 4]) == [[(0, 2, 7)]]
    model = ["B-y", "I-y", "O", "B-x", "I-x"]
    assert Spans([1], [[(0, 1, "x")]], classes=model).told.tolist() == [3]
    assert Spans([1], [[(0, 1, "x")]], classes=model).kinds.tolist() == ["y", "x"]


def test_support_is_the_probability_of_the_told_tag():
    told = Spans([3], [[(0, 1, "x")]], complete=False)
    probs = np.array([[0.2, 0.7, 0.1]] * 3)
    np.testing.assert_array_equal(told.support(probs), [0.7, np.nan, np.nan])


def test_long_sequences_and_probabilities_of_1e_300():
    n = 3000
    told = Spans([n, 1], [[(n - 1, n, "x")], []], complete=False)
    probs = np.full((n + 1, 3), 1e-300)
    probs[:, 2] = 1.0  # I-x everywhere: each valid tagging has begun with B-x
    posterior = told.posterior(probs)
    np.testing.assert_allclose(posterior[: n - 1, 2], [0.0, *[1.0] * (n - 2)], atol=1e-9)
    np.testing.assert_allclose(posterior[0], [0.0, 1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(told.log_evidence(probs)[:n].sum(), 2 * np.log(1e-300))
    assert told.best(probs)[:3].tolist() == [1, 2, 2]
    # What the forward pass would lose against the heaviest tag, and only the last token brings back.
    rare = np.full((4, 3), 1e-300)
    rare[:, 0] = 1.0
    back = Spans.from_tags([[None, None, None, "I-x"]])
    np.testing.assert_allclose(back.posterior(rare), [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(back.log_evidence(rare).sum(), 2 * np.log(1e-300))
    rare[1:3, 1] = 0.0  # now only B-x I-x I-x I-x is left, 1e-600 behind at the third token
    np.testing.assert_allclose(back.posterior(rare), [[0, 1, 0], *[[0, 0, 1]] * 3], atol=1e-12)
    np.testing.assert_allclose(back.log_evidence(rare).sum(), 4 * np.log(1e-300))


def test_five_hundred_kinds():
    kinds = [f"kind {i}" for i in range(500)]
    told = Spans([3, 2], [[(0, 2, kinds[7])], []], kinds, complete=False)
    probs = np.full((5, 1001), 1e-300)
    probs[:, 0] = 1.0
    posterior = told.posterior(probs)
    np.testing.assert_allclose(posterior[[2, 3, 4], 0], 1.0)
    np.testing.assert_allclose(told.log_evidence(probs).sum(), 2 * np.log(1e-300))


def test_impossible_sequences_name_their_first_token():
    told = Spans([2, 2], [[], [(0, 2, "x")]])
    probs = np.array([[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0]])
    for method in (told.posterior, told.log_evidence, told.best):
        with pytest.raises(InputError, match=r"2 items \(by sequences: 1\) .*first: row 2"):
            method(probs)


def test_no_tokens_and_no_kinds():
    told = Spans([2, 0], [[], []])
    assert told.classes.tolist() == ["O"]
    assert told.posterior(np.ones((2, 1))).tolist() == [[1.0], [1.0]]
    assert told.decode([0, 0]) == [[], []]
    none = told[:0]
    assert none.posterior(np.empty((0, 1))).shape == (0, 1)
    assert none.likelihood_of([]) == 1.0
    assert none.best(np.empty((0, 1))).tolist() == []
    assert none.decode([]) == []
    assert "n=0" in repr(none)
    assert len(Spans([], [])) == len(Spans.from_tags([])) == 0


def test_it_joins_other_evidence_about_the_same_tokens():
    told = Spans([3], [[(0, 2, "x")]], complete=False)
    both = Together([told, Exact([None, None, "B-x"], classes=told.classes.tolist())])
    assert both.posterior(np.full((3, 3), 1 / 3)).argmax(axis=1).tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("go_wrong", "says"),
    [
        (lambda: Spans([[2]], [[]]), "lengths must hold"),
        (lambda: Spans([-1], [[]]), "lengths must hold"),
        (lambda: Spans([1.5], [[]]), "lengths must hold"),
        (lambda: Spans([2, 1], [[]]), "spans are given for 1 sequences, but there are 2 lengths"),
        (lambda: Spans([2], [[]], complete=[True, False]), "complete must be True or False.* 1 sequences"),
        (lambda: Spans([2], [[]], complete=1), "complete must be True or False"),
        (lambda: Spans([2, 2], [[], [(1, 3, "x")]]), r"span \(1, 3, 'x'\) of sequence 1 .* <= 2"),
        (lambda: Spans([2], [[(1, 1, "x")]]), r"span \(1, 1, 'x'\) of sequence 0"),
        (lambda: Spans([2], [[(0, 1)]]), r"span \(0, 1\) of sequence 0 must be \(start, end, kind\)"),
        (lambda: Spans([2], [[(0, 1.0, "x")]]), "must be"),
        (lambda: Spans([2], [[(0, 1, None)]]), "must be"),
        (lambda: Spans([2], [[(0, 1, ["x"])]]), "must be"),
        (lambda: Spans([3], [[(1, 3, "x"), (0, 2, "y")]]), "spans 0 to 2 and 1 to 3 of sequence 0 overlap"),
        (lambda: Spans([3], [[(1, 3, "z")]], ["x"]), "sequence 0 is of kind 'z'.*add it to kinds"),
        (lambda: Spans([3], [[]], ["1", 1]), "classes .*for each kind once"),
        (lambda: Spans([3], [[]], classes=["O", "B-x"]), "classes .*B-kind and I-kind"),
        (lambda: Spans.from_tags([["O"], ["O", "X"]]), "tag 'X' of token 1 of sequence 1 is not among"),
        (lambda: Spans.from_tags([["O", "I-x"]]), "tags are not valid BIO: token 1 of sequence 0 is 'I-x'"),
        (lambda: Spans.from_tags([["O"], ["I-x"]]), "tags are not valid BIO: token 0 of sequence 1"),
        (lambda: Spans.from_tags([["B-x", "I-y"]]), "token 1 of sequence 0 is 'I-y'"),
        (lambda: Spans.from_offsets([[(0, 3)]], [[(5, 6, "x")]]), r"span \(5, 6, 'x'\) of text 0 holds no"),
        (lambda: Spans.from_offsets([[(0, 3)]], []), "spans are given for 0 texts"),
        (lambda: Spans([2], [[]], ["x"]).decode([0]), r"labels have shape \(1,\), expected \(2,\)"),
        (lambda: Spans([2], [[]], ["x"]).decode([0, 3]), "labels must be codes from 0 to 2"),
        (
            lambda: Spans([2], [[]], ["x"]).decode([0, 2]),
            r"labels are not valid BIO.*evidence\.best\(probs\)",
        ),
    ],
)
def test_errors_say_what_and_where(go_wrong, says):
    with pytest.raises(InputError, match=says):
        go_wrong()
