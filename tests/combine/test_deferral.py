"""Learning to defer: surrogates have the right optimum, contexts decide whom to ask, what is missing says nothing."""

import pickle

import numpy as np
import pytest

from labelwright.combine.deferral import (
    DEFER,
    Context,
    ExpertiseModel,
    PopulationDeferral,
    SyntheticExpert,
    contexts,
    deferral_report,
    draw_experts,
)
from labelwright.combine.deferral.told import hidden, split, told
from labelwright.errors import DoubtfulInput, InputError
from labelwright.parts import deferral
from labelwright.testing import check_loss

NAMES = np.array(["ant", "bee", "cow", "dog"])


def blobs(n, rng, blind=True):
    """Four classes at the corners of a square; a classifier that is blind sees two of them as one."""
    y = np.arange(n) % 4
    X = np.column_stack([y // 2, 0 * y if blind else y % 2]) * 3.0 + 0.3 * rng.normal(size=(n, 2))
    return X, y


def everyone(experts, y, rng, classes=range(4)):
    return np.column_stack([expert.answer(y, classes, rng) for expert in experts])


# Surrogates


@pytest.mark.parametrize("surrogate", [deferral.softmax, deferral.one_vs_all])
def test_surrogates_keep_the_contract_of_losses(surrogate):
    check_loss(surrogate)


def test_softmax_by_a_plain_loop():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(6, 4))
    targets = np.column_stack([np.eye(3)[rng.integers(3, size=6)], [1, 0, 0.4, 1, 0, np.nan]])
    for row, (g, t) in enumerate(zip(logits, targets)):
        if np.isnan(t[3]):
            expected = -np.log(np.exp(g[t[:3].argmax()]) / np.exp(g[:3]).sum())
        else:
            p = np.exp(g) / np.exp(g).sum()
            expected = -np.log(p[t[:3].argmax()]) - t[3] * np.log(p[3])
        assert deferral.softmax(logits, targets)[row] == pytest.approx(expected)


def test_one_vs_all_by_a_plain_loop():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(5, 3))
    targets = np.column_stack([np.eye(2)[rng.integers(2, size=5)], [1, 0, 0.4, 1, np.nan]])

    def cost(g):
        return np.log1p(np.exp(-g))

    for row, (g, t) in enumerate(zip(logits, targets)):
        expected = sum(t[j] * cost(g[j]) + (1 - t[j]) * cost(-g[j]) for j in range(3) if not np.isnan(t[j]))
        assert deferral.one_vs_all(logits, targets)[row] == pytest.approx(expected)


@pytest.mark.parametrize("known", [True, False])
def test_the_optimum_gives_probabilities_and_the_chance_that_the_expert_is_right(known):
    from scipy.optimize import minimize

    eta, right = np.array([0.6, 0.3, 0.1]), 0.7
    target = np.append(eta, right if known else np.nan)[None]
    found = minimize(lambda g: deferral.softmax(g[None], target)[0], np.zeros(4), tol=1e-10).x
    p = np.exp(found) / np.exp(found).sum()
    np.testing.assert_allclose(p[:3] / p[:3].sum(), eta, atol=1e-4)
    if known:
        assert p[3] == pytest.approx(right / (1 + right), abs=1e-4)
        assert found.argmax() == 3  # 0.7 is better than 0.6
        found = minimize(lambda g: deferral.one_vs_all(g[None], target)[0], np.zeros(4), tol=1e-10).x
        np.testing.assert_allclose(1 / (1 + np.exp(-found)), np.append(eta, right), atol=1e-4)


def test_surrogates_refuse_targets_without_a_column_for_the_expert():
    for surrogate in (deferral.softmax, deferral.one_vs_all):
        with pytest.raises(InputError, match="whether the expert is right"):
            surrogate(np.zeros((2, 4)), np.eye(3)[:2])
        with pytest.raises(InputError, match="the last one to defer"):
            surrogate(np.zeros(4), np.zeros(4))


# Experts, contexts, reports


def test_an_expert_is_right_where_strong_and_never_elsewhere():
    y = NAMES[np.arange(400) % 4]
    said = SyntheticExpert(("bee", "dog"), p_out=0.0).answer(y, NAMES, np.random.default_rng(0))
    np.testing.assert_array_equal(said == y, np.isin(y, ["bee", "dog"]))
    assert set(said[y == "ant"]) == {"bee", "cow", "dog"}
    half = SyntheticExpert((), p_out=0.5).answer(y, NAMES, np.random.default_rng(0))
    assert abs((half == y).mean() - 0.5) < 0.1


def test_experts_refuse():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"p_in=1\.2"):
        SyntheticExpert((0,), p_in=1.2)
    with pytest.raises(InputError, match="not among the 4 classes"):
        SyntheticExpert(("emu",)).answer(NAMES, NAMES, rng)
    with pytest.raises(InputError, match="missing classes"):
        SyntheticExpert(("ant",)).answer(["ant", None], NAMES, rng)
    with pytest.raises(InputError, match="strong="):
        draw_experts(2, range(3), rng, strong=(2, 4))


def test_contexts_hold_what_was_answered():
    found = contexts(np.arange(6).reshape(3, 2), ["x", "y", "x"], [["x", None], [None, "x"], ["y", "x"]])
    assert [c.answers.tolist() for c in found] == [["x", "y"], ["x", "x"]]
    assert found[0].X.tolist() == [[0, 1], [4, 5]]
    assert found[1].y.tolist() == ["y", "x"]


def test_half_is_context_and_not_asked():
    right = np.where(np.random.default_rng(0).random((40, 3)) < 0.5, 1.0, np.nan)
    for most in (4, 100):
        rows = split(right, most, np.random.default_rng(1))
        left = hidden(right, rows)
        for e, r in enumerate(rows):
            answered = (~np.isnan(right[:, e])).sum()
            assert len(set(r)) == len(r) == min(most, answered // 2)
            assert not np.isnan(right[r, e]).any()
            assert np.isnan(left[r, e]).all()
            assert (~np.isnan(left[:, e])).sum() == answered - len(r)


def test_a_report_by_hand():
    made = np.array([[0, DEFER], [DEFER, DEFER], [1, 1]], dtype=object)
    report = deferral_report(made, [0, 1, 0], [[None, 0], [1, 0], [None, None]])
    np.testing.assert_allclose(report.system, [2 / 3, 1 / 3])
    np.testing.assert_allclose(report.deferred, [1 / 3, 2 / 3])
    np.testing.assert_allclose(report.kept_right, [0.5, 0.0])
    np.testing.assert_allclose(report.asked_right, [1.0, 0.5])
    assert report.system_accuracy == pytest.approx(0.5)
    assert np.isnan(deferral_report([0, 1], [0, 1], [0, 0]).asked_right[0])
    with pytest.raises(InputError, match="item 1 is deferred to expert 0, whose answer is missing"):
        deferral_report([0, DEFER], [0, 1], [0, None])
    with pytest.raises(InputError, match="they must match"):
        deferral_report(made, [0, 1, 0], [0, 0, 0])


def test_there_is_one_defer():
    assert pickle.loads(pickle.dumps(DEFER)) is DEFER
    assert repr(DEFER) == "DEFER"


# Nets


def net(encoder="attn"):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from labelwright.combine.deferral._nets import ContextEncoder, ExpertNet, ExpertScorer
    from labelwright.nets import MLP, seeded

    def make():
        described = None if encoder is None else ContextEncoder(8, 3, 8, encoder == "attn")
        return ExpertNet(MLP(2, 3, hidden=(8, 8)), ExpertScorer(8, 8, described), answers=True)

    found = seeded(make, 0).eval()
    with torch.no_grad():
        for part in found.scorer.parameters():  # layers that begin at zero
            part.add_(0.3 * torch.randn(part.shape, generator=torch.Generator().manual_seed(1)))
    return found


def some_points():
    from labelwright.combine.deferral.told import as_points

    rng = np.random.default_rng(0)
    return [
        (rng.normal(size=(m, 2)), rng.integers(3, size=m), rng.random(m) < 0.5) for m in (4, 7)
    ], as_points


@pytest.mark.parametrize("encoder", ["attn", "mlp"])
def test_padding_and_order_of_points_and_experts_do_not_matter(encoder):
    found = net(encoder)
    import torch

    parts, as_points = some_points()
    x = torch.linspace(-1, 1, 10).reshape(5, 2)

    def scores(*chosen):
        found.show(as_points(chosen))
        return found(x).reshape(5, len(chosen), 4)[:, :, 3].detach().numpy()

    both = scores(*parts)
    assert np.ptp(both, axis=1).max() > 0.01
    np.testing.assert_allclose(scores(parts[0])[:, 0], both[:, 0], atol=1e-5)
    np.testing.assert_allclose(scores(*parts[::-1])[:, ::-1], both, atol=1e-5)
    turned = tuple(part[::-1] for part in parts[0])
    np.testing.assert_allclose(scores(turned)[:, 0], both[:, 0], atol=1e-5)


def test_no_gradient_flows_through_contexts_into_the_body():
    found = net()
    import torch

    parts, as_points = some_points()
    found.show(as_points(parts))
    x = torch.zeros(3, 2)
    slopes = []
    for moved in (0.0, 5.0):
        found.zero_grad()
        found.show(as_points([(a + moved, *rest) for a, *rest in parts]))
        found(x).reshape(3, 2, 4)[:, :, :3].sum().backward()
        slopes.append(found.body.hidden[0][0].weight.grad.clone())
    assert torch.equal(*slopes)
    found.zero_grad()
    found(x)[:, 3].sum().backward()
    # The item is 0, so a slope of the first weights could only come from the contexts.
    assert float(found.body.hidden[0][0].weight.grad.abs().max()) == 0
    assert float(found.scorer.encoder.truth.weight.grad.abs().max()) > 0


# Models


def small(model, **options):
    pytest.importorskip("torch", reason="torch is not installed")
    given = {"hidden": 16, "epochs": 40, "lr": 0.01, "batch_size": 32, "device": "cpu", "show": False}
    return model(**(given | options))


@pytest.fixture(scope="module")
def crowd():
    """Experts who know one class of each pair that the classifier takes for one, and what they say."""
    rng = np.random.default_rng(0)
    X, y = blobs(160, rng)
    experts = [SyntheticExpert(known, p_out=0.0) for known in ((0, 1), (2, 3))] * 4
    return X, y, experts, everyone(experts, y, rng)


@pytest.mark.parametrize(
    "options", [{}, {"encoder": "mlp"}, {"surrogate": deferral.one_vs_all}], ids=["attn", "mlp", "one_vs_all"]
)
def test_who_knows_is_asked_and_who_does_not_is_not(crowd, options):
    X, y, _, said = crowd
    model = small(PopulationDeferral, **options).fit(X, y, said)
    rng = np.random.default_rng(1)
    test, answer = blobs(80, rng)
    for known in ((0, 1), (2, 3)):  # new people of the kinds that training saw
        fresh, seen = SyntheticExpert(known, p_out=0.0), np.random.default_rng(2).permutation(160)[:40]
        context = Context(X[seen], y[seen], fresh.answer(y[seen], range(4), rng))
        asked = np.array([one is DEFER for one in model.predict(test, context)])
        strong = np.isin(answer, known)
        assert asked[strong].mean() > 0.8
        assert asked[~strong].mean() < 0.2


def test_without_context_all_experts_are_treated_alike(crowd):
    X, y, _, said = crowd
    model = small(PopulationDeferral, encoder=None, epochs=5).fit(X, y, said)
    first, second, *_ = contexts(X, y, said)
    np.testing.assert_array_equal(model.predict(X, first), model.predict(X, second))


def test_a_budget_keeps_those_where_asking_helps_most(crowd):
    X, y, _, said = crowd
    model = small(PopulationDeferral, epochs=15).fit(X, y, said)
    context = contexts(X, y, said)[0]
    asked = {
        share: np.array([one is DEFER for one in model.predict(X, context, budget=share)])
        for share in (0.0, 0.1, 0.3, 1.0)
    }
    assert asked[0.0].sum() == 0
    assert asked[0.1].sum() == 16
    assert (asked[0.3] >= asked[0.1]).all()
    np.testing.assert_array_equal(asked[1.0], [one is DEFER for one in model.predict(X, context)])
    with pytest.raises(InputError, match="budget=2"):
        model.predict(X, context, budget=2)


def test_names_missing_answers_and_the_same_seed(crowd):
    X, y, _, said = crowd
    words = NAMES[said].astype(object)
    words[np.random.default_rng(0).random(words.shape) < 0.5] = None
    first, second = (small(PopulationDeferral, epochs=4).fit(X, NAMES[y], words) for _ in range(2))
    context = contexts(X, NAMES[y], words)[0]
    decisions = first.predict(X, context)
    np.testing.assert_array_equal(decisions, second.predict(X, context))
    assert {one for one in decisions if one is not DEFER} <= set(NAMES)
    report = first.report(X, NAMES[y], NAMES[said], contexts(X, NAMES[y], words))
    assert report.system.shape == (8,)


def test_few_answers_tell_where_each_expert_is_right():
    rng = np.random.default_rng(0)
    X, y = blobs(160, rng, blind=False)
    experts = draw_experts(6, range(4), rng, strong=(2, 2), p_out=0.0)
    full = everyone(experts, y, rng)
    few = np.full(full.shape, np.nan)
    for e in range(6):
        rows = rng.choice(160, 24, replace=False)
        few[rows, e] = full[rows, e]
    model = small(ExpertiseModel).fit(X, few, y)
    untold = np.isnan(few)
    hit = (model.right_ > 0.5) == (full == y[:, None])
    assert hit[untold].mean() > 0.85
    filled = model.pseudo_labels()
    np.testing.assert_array_equal(filled[~untold], few[~untold])
    np.testing.assert_array_equal((filled == y[:, None])[untold], (model.right_ > 0.5)[untold])
    np.testing.assert_array_equal(filled, model.pseudo_labels())
    fresh = SyntheticExpert((1, 2), p_out=0.0)
    context = Context(X[:40], y[:40], fresh.answer(y[:40], range(4), rng))
    said = model.predict_right(X[40:], [context])
    assert ((said[:, 0] > 0.5) == np.isin(y[40:], (1, 2))).mean() > 0.7


def test_an_expert_who_was_never_wrong_is_pointed_out():
    X, y = blobs(20, np.random.default_rng(0))
    with pytest.warns(DoubtfulInput, match=r"1 experts .*first: expert 1, right 20 times"):
        small(ExpertiseModel, epochs=1).fit(X, np.column_stack([y // 2, y]), y)


Y = np.arange(12) % 3
X12 = np.random.default_rng(0).normal(size=(12, 2))
SAID = np.column_stack([Y, (Y + np.arange(12) % 2) % 3])


@pytest.mark.parametrize(
    ("y", "answers", "says"),
    [
        (Y[:5], SAID, "X has 12 rows and y 5"),
        ([None, *Y[1:].tolist()], SAID, "y is missing in row 0"),
        (0 * Y, 0 * SAID, "at least 2"),
        (Y, SAID[:4], "answers have shape"),
        (Y, SAID + 5, "answers hold a class that y of fit does not"),
        (Y, np.where(np.arange(12)[:, None] < 1, SAID, np.nan), "expert 0 has answered fewer than 2"),
    ],
)
def test_bad_training_sets_are_refused(y, answers, says):
    with pytest.raises(InputError, match=says):
        told(X12, y, answers)
    with pytest.raises(InputError, match=says):
        small(PopulationDeferral).fit(X12, y, answers)
    with pytest.raises(InputError, match=says):
        small(ExpertiseModel).fit(X12, answers, y)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (PopulationDeferral, {"encoder": "lstm"}),
        (PopulationDeferral, {"context": 0}),
        (ExpertiseModel, {"encoder": None}),
        (ExpertiseModel, {"sure": 0.4}),
    ],
)
def test_bad_options_are_refused_at_fit(model, options):
    found = small(model, **options)
    given = (SAID, Y) if model is ExpertiseModel else (Y, SAID)
    with pytest.raises(InputError, match=next(iter(options))):
        found.fit(X12, *given)


@pytest.mark.parametrize(
    ("context", "says"),
    [
        (Context(X12[:3], Y[:2], Y[:3]), "must match"),
        (Context(X12[:0], Y[:0], Y[:0]), "empty"),
        (Context(X12[:2], [7, 1], [1, 1]), "the context's y hold a class"),
        (Context(X12[:2], [0, 1], [1, None]), "row 1"),
    ],
)
def test_bad_contexts_are_refused(context, says):
    model = small(PopulationDeferral, epochs=1).fit(X12, Y, SAID)
    with pytest.raises(InputError, match=says):
        model.predict(X12, context)
