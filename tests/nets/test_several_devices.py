"""Two processes share the batches and end where one would."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from labelwright.nets import MLP, Epoch, seeded
from labelwright.parts import losses


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    rng = np.random.default_rng(0)
    X, Q = rng.normal(size=(17, 4)).astype(np.float32), rng.dirichlet(np.ones(3), size=17).astype(np.float32)
    groups = np.arange(17) // 3
    np.savez(tmp_path / "data.npz", X=X, Q=Q, groups=groups)
    script = Path(__file__).with_name("two_processes.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    one, two = (np.load(tmp_path / f"{rank}.npz") for rank in range(2))

    def alone(**options):
        return Epoch(seeded(lambda: MLP(4, 3, hidden=(6,))), X, batch_size=8, device="cpu", **options)

    rows, bags = alone(), alone(loss=losses.proportion, groups=groups)
    for _ in range(2):
        probs, of_bags = rows(Q), bags(Q)
    more = rows(Q)
    for found in (one, two):
        np.testing.assert_allclose(found["probs"], probs, atol=1e-5)
        np.testing.assert_allclose(found["bags"], of_bags, atol=1e-5)
        np.testing.assert_allclose(found["more"], more, atol=1e-5)
        np.testing.assert_allclose(found["history"], rows.history, rtol=1e-4)
