"""The loops, each written once.

`cross_fit` gives every row probabilities of a model that did not see it, `em` alternates conditioning and fitting
(`climb` where sums over the items are all that fitting needs),
`teach` lets a teacher's labels train a student, `acquire` asks for labels where they help most.
"""

from labelwright.loops.acquire import Acquired, acquire
from labelwright.loops.climb import Climbed, climb
from labelwright.loops.cross_fit import cross_fit
from labelwright.loops.em import Fitted, em, flat, possible
from labelwright.loops.fit_soft import fit_soft, learner
from labelwright.loops.pooled import pooled
from labelwright.loops.teach import Lesson, teach, unsure

__all__ = [
    "Acquired", "Climbed", "Fitted", "Lesson", "acquire", "climb", "cross_fit", "em", "fit_soft", "flat", "learner",
    "pooled", "possible", "teach", "unsure",
]  # fmt: skip
