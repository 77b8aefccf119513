"""See the labellers' votes, the consensus and its risk side by side."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.spatial.consensus import Consensus, consensus, pixel_votes, weighted_vote
from labelwright.errors import InputError, need


class ConsensusDisplay:
    """Draw a site as its labellers, their consensus and the risk see it; used like the displays of scikit-learn.

    Parameters
    ----------
    masks : array (a, height, width)
        Class codes of each labeller, -1 where one did not look.
    found : Consensus
    image : array (height, width) or (height, width, 3), optional
        What was labelled.
    reference : array (height, width), optional
        True objects or codes, whose outline is drawn over the consensus.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : ndarray of matplotlib Axes

    Examples
    --------
    >>> shown = ConsensusDisplay.from_masks(np.zeros((3, 4, 4), int))
    >>> shown.plot().axes_.shape  # doctest: +SKIP
    (3,)
    """

    def __init__(
        self, masks: ArrayLike, found: Consensus, *, image: Any = None, reference: ArrayLike | None = None
    ):
        self.masks, self.found, self.image, self.reference = np.asarray(masks), found, image, reference

    @classmethod
    def from_masks(
        cls,
        masks: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        image: Any = None,
        reference: ArrayLike | None = None,
    ) -> Self:
        """Build from labellers' masks and weights, as `consensus` takes them."""
        return cls(masks, consensus(masks, weights), image=image, reference=reference)

    def plot(self, axes: Any = None) -> Self:
        """Draw one panel each for the image (where given), the share of votes, the consensus and the risk.

        Of more than two classes, votes and consensus show any object against background.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, optional
            As many as there are panels; by default a new figure in one row.

        Raises
        ------
        MissingPackage
            Without matplotlib.
        """
        pyplot = need("matplotlib.pyplot", extra="plot", purpose="Drawing a consensus")
        panels = self._panels()
        if axes is None:
            height, width = self.masks.shape[1:]
            size = (3.6 * len(panels), 3.6 * height / width + 0.9)
            _, axes = pyplot.subplots(1, len(panels), figsize=size, layout="constrained")
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object))
        if len(self.axes_) != len(panels):
            raise InputError(f"axes hold {len(self.axes_)}, but there are {len(panels)} panels to draw")
        self.figure_ = self.axes_[0].figure
        for axis, (title, raster, options, scale) in zip(self.axes_, panels):
            drawn = axis.imshow(raster, **options)
            axis.set_title(title)
            axis.set_axis_off()
            if scale:
                self.figure_.colorbar(drawn, ax=axis, orientation="horizontal", fraction=0.05, pad=0.02)
            if title == "consensus" and self.reference is not None:
                axis.contour(np.asarray(self.reference) > 0, [0.5], colors="tab:red", linewidths=0.8)
        return self

    def _panels(self) -> list[tuple[str, np.ndarray, dict[str, Any], bool]]:
        shape, k = self.masks.shape[1:], self.found.probs.shape[-1]
        share = 1 - weighted_vote(pixel_votes(self.masks, n_classes=k))[:, 0].reshape(shape)
        grey = {"cmap": "viridis", "vmin": 0.0, "vmax": 1.0}
        panels = [
            (f"votes of {len(self.masks)} labellers", share, grey, True),
            ("consensus", 1 - self.found.probs[..., 0], grey, True),
            ("risk", self.found.risk, {"cmap": "magma", "vmin": 0.0, "vmax": 1 - 1 / k}, True),
        ]
        if self.image is not None:
            panels.insert(0, ("image", np.asarray(self.image), {"cmap": "gray"}, False))
        return panels
