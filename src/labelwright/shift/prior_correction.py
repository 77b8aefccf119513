"""Move logits from the balance of the source to another one."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright.parts import priors as shares
from labelwright.parts.arrays import as_like


class PriorCorrection:
    """Correct a classifier's logits for another balance of the classes: ``z + log(priors / source)``.

    Nothing is trained: if the logits are calibrated, it is Bayes' rule for label shift. For `TestTimeAdapter` it is the
    plain rival of `LabelShiftAdapter`, with the same method `logits`.

    Parameters
    ----------
    source_priors : array (k,)
        Shares of the classes in the data that the classifier was trained on, above 0.

    Examples
    --------
    >>> correction = PriorCorrection([0.9, 0.1])
    >>> correction.logits(np.zeros((1, 2)), None, [0.5, 0.5]).round(2).tolist()
    [[-0.59, 1.61]]
    """

    cites = ("saerens2002adjusting",)

    def __init__(self, source_priors: ArrayLike):
        self.source_priors_ = shares.tempered(source_priors, 1.0)

    def logits(self, logits: Any, features: Any, priors: ArrayLike) -> Any:
        """Logits (b, k), of NumPy or torch, under the balance `priors` (k,); the features play no part."""
        return logits + as_like(np.log(shares.tempered(priors, 1.0) / self.source_priors_), logits)
