"""Is a count what chance would make of it?"""

import numpy as np


def near(hits, trials, chance, sigmas=4.5):
    """Whether `hits` of `trials` lie within 4.5 standard deviations of the mean; one in 150,000 does not."""
    hits, trials, chance = np.broadcast_arrays(hits, trials, chance)
    slack = sigmas * np.sqrt(trials * chance * (1 - chance)) + 1e-9
    return bool((np.abs(hits - trials * chance) <= slack).all())


def gen(seed=0):
    return np.random.default_rng(seed)
