"""Label learning flows: the density is right, the objective is the formula, constraints are met or reported."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from labelwright import InputError, Votes  # noqa: E402
from labelwright.combine.flows import LabelLearningFlow, _Objective, weak_signal_bounds  # noqa: E402
from labelwright.errors import DoubtfulInput  # noqa: E402
from labelwright.nets import seeded  # noqa: E402
from labelwright.nets.flow import LabelFlow  # noqa: E402


def flow(**options):
    small = {"n_flows": 3, "hidden": 16, "epochs": 60, "lr": 0.01, "device": "cpu", "show": False}
    return LabelLearningFlow(**(small | options))


def told(n=80, m=3, k=2, rate=0.25, seed=0):
    """Items whose class shows, and signals that are certain and wrong at a rate."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    X = np.column_stack([2 * np.eye(k)[y] + 0.4 * rng.normal(size=(n, k)), rng.normal(size=n)])
    wrong = rng.random((n, m)) < rate
    said = np.where(wrong, (y[:, None] + rng.integers(1, k, (n, m))) % k, y[:, None])
    return X, y, said


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_log_density_is_that_of_the_generated_label(k):
    net = seeded(lambda: LabelFlow(4, k, steps=3, hidden=8), 3).double().eval()
    with torch.no_grad():
        for part in net.parameters():  # away from the near-identity of the start
            part.add_(0.3 * torch.randn(part.shape, generator=torch.Generator().manual_seed(k)).double())
    x, z = torch.linspace(-1, 1, 4).double(), torch.linspace(-0.7, 0.9, k).double()
    made = net(torch.cat([x, z])[None])[0].detach()
    jacobian = torch.autograd.functional.jacobian(lambda z: net(torch.cat([x, z])[None])[0, :k], z)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum()
    assert float(abs(made[k] - (prior - torch.linalg.slogdet(jacobian)[1]))) < 1e-5
    assert float(abs(torch.linalg.slogdet(jacobian)[1])) > 0.1


def test_the_flow_cannot_collapse_or_explode():
    net = LabelFlow(2, 2, steps=1, hidden=4).eval()
    with torch.no_grad():
        for coupling in net.steps:
            coupling.merge.bias[:1] = -1e6
    made = net(torch.tensor([[0.0, 0.0, 1.0, 1.0]]))
    assert torch.allclose(made[0, :2], torch.full((2,), np.exp(-0.5)), atol=1e-3)


def test_a_flow_needs_two_classes_and_a_step():
    for options in ({"classes": 1}, {"classes": 2, "steps": 0}):
        with pytest.raises(InputError, match="at least"):
            LabelFlow(2, **options)


def test_the_objective_is_the_formula():
    rng = np.random.default_rng(0)
    signals = rng.random((5, 2, 3))
    signals[1, 0] = np.nan
    limits = rng.random((2, 3)) / 3
    rows = np.array([3, 1, 4])
    made = np.column_stack([rng.normal(size=(3, 3)), rng.normal(size=3)])
    found = _Objective(signals, limits, (1.0, 2.0, 3.0, 4.0))(torch.tensor(made), None, torch.tensor(rows))
    y, expected = made[:, :3], np.zeros(3)
    for i in range(3):
        expected[i] -= made[i, 3] / (3 * np.log(2))
        expected[i] += sum(1.0 * min(v, 0) ** 2 + 2.0 * max(v - 1, 0) ** 2 for v in y[i])
        expected[i] += 3.0 * (sum(y[i]) - 1) ** 2
    for j in range(2):
        for c in range(3):
            errors = [
                y[i, c] * (1 - signals[row, j, c]) + (1 - y[i, c]) * signals[row, j, c]
                for i, row in enumerate(rows)
                if not np.isnan(signals[row, j, c])
            ]
            expected += 4.0 * max(np.mean(errors) - limits[j, c], 0) ** 2
    np.testing.assert_allclose(found, expected)


def test_bounds_are_error_rates():
    signals = np.array([[[0.9, 0.1], [1.0, 0.0]], [[0.4, 0.6], [np.nan, np.nan]]])
    np.testing.assert_allclose(weak_signal_bounds(signals, [0, 1]), [[0.25, 0.25], [0, 0]])
    np.testing.assert_allclose(weak_signal_bounds(signals, np.eye(2)), weak_signal_bounds(signals, [0, 1]))
    np.testing.assert_allclose(
        weak_signal_bounds(Votes([[0], [0], [1], [-1]]), [0, 1, 1, 0]), [[1 / 3, 1 / 3]]
    )


def test_labels_better_than_the_average_signal_and_constraints_met():
    X, y, said = told(n=160, rate=0.35)
    votes = Votes(said)
    fitted = flow(epochs=150, n_flows=6).fit(X, votes, weak_signal_bounds(votes, y))
    mean = (votes.counts.argmax(axis=1) == y).mean()
    assert (fitted.predict(X) == y).mean() > mean + 0.05
    assert fitted.violation_.max() < 0.05
    assert fitted.history_[-1] < fitted.history_[0]
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_allclose(
        fitted.violation_, np.maximum(fitted.errors_ - weak_signal_bounds(votes, y), 0)
    )


def test_three_classes_by_name_with_abstentions():
    X, y, said = told(n=90, k=3, rate=0.2)
    said[::3, 0] = -1
    names = np.array(["low", "mid", "top"])
    fitted = flow(epochs=150, n_flows=7).fit(X, Votes(said, names), weak_signal_bounds(Votes(said, names), y))
    assert (fitted.predict(X) == names[y]).mean() > 0.8


def test_votes_are_certain_signals_and_lists_are_taken():
    X, _, said = told(n=20)
    said[0, 0] = -1
    signals = np.eye(2)[said]
    signals[0, 0] = np.nan
    ways = (Votes(said, [0, 1]), signals, signals.tolist())
    first, *others = (flow(epochs=3, tolerance=1.0).fit(X, w, [0.2] * 3).predict_proba(X) for w in ways)
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_bounds_that_nothing_can_meet_are_reported():
    X, y, _ = told(n=40)
    against = np.stack([np.eye(2)[y], np.eye(2)[1 - y]], axis=1)  # two signals that never agree
    with pytest.warns(DoubtfulInput, match=r"above its bound .* raise the bounds"):
        fitted = flow().fit(X, against, bounds=0.1)
    assert fitted.violation_.sum(axis=0).min() > 0.5  # their errors sum to 1, the bounds to 0.2


def test_samples_are_labelings_and_repeat():
    X, _, said = told(n=30)
    fitted = flow(epochs=20, tolerance=1.0).fit(X, Votes(said), 0.3)
    drawn = fitted.sample(X[:7], 5)
    assert drawn.shape == (5, 7, 2)
    assert np.ptp(drawn, axis=0).min() > 0
    np.testing.assert_array_equal(drawn, fitted.sample(X[:7], 5))
    np.testing.assert_array_equal(drawn[:2], fitted.sample(X[:7], 2))
    again = flow(epochs=20, tolerance=1.0).fit(X, Votes(said), 0.3)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    with pytest.raises(InputError, match="S=0"):
        fitted.sample(X, 0)


def test_the_random_state_of_the_process_stays():
    X, _, said = told(n=20)
    before = torch.random.get_rng_state()
    flow(epochs=2, tolerance=1.0).fit(X, Votes(said), 0.3)
    assert torch.equal(before, torch.random.get_rng_state())


X, Y, SAID = told(n=12)
GOOD = np.eye(2)[SAID]
SILENT = GOOD.copy()
SILENT[:, 1] = np.nan


@pytest.mark.parametrize(
    ("W", "bounds", "options", "says"),
    [
        (GOOD * 1.5, 0.3, {}, r"W\[0, 0, .\] is 1.5"),
        (GOOD[0], 0.3, {}, "expected probabilities"),
        (GOOD[:5], 0.3, {}, "X has 12 rows and W speaks of 5"),
        (GOOD[:, :, :1], 0.3, {}, "2 classes"),
        (SILENT, 0.3, {}, "signal 1 says nothing"),
        (GOOD, 1.3, {}, r"error rates in \[0, 1\]"),
        (GOOD, np.nan, {}, r"error rates in \[0, 1\]"),
        (GOOD, [0.1, 0.2], {}, "bounds have shape"),
        (GOOD, 0.3, {"classes": ["a"]}, "1 names"),
    ],
)
def test_bad_input_is_refused(W, bounds, options, says):
    with pytest.raises(InputError, match=says):
        flow().fit(X, W, bounds, **options)


def test_other_refusals():
    with pytest.raises(InputError, match="at least 2"):
        flow().fit(X[:1], GOOD[:1], 0.3)
    with pytest.raises(InputError, match="lambdas"):
        flow(lambdas=(1, 2)).fit(X, GOOD, 0.3)
    with pytest.raises(InputError, match="epochs=0"):
        flow(epochs=0).fit(X, GOOD, 0.3)
    with pytest.raises(InputError, match="Y has shape"):
        weak_signal_bounds(GOOD, [0, 2] * 6)
