"""See the labellers' votes, the consensus and its risk side by side, and how good the labellers are."""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.spatial.consensus import LEAST, Consensus, consensus, pixel_votes, weighted_vote
from labelwright.combine.spatial.skill import LabellerSkill
from labelwright.errors import InputError, need

UNSEEN = "0.6"  # grey, which neither colour map holds


class Panel(NamedTuple):
    """A raster to draw, with NaN where nothing is known; without `label` it is a picture and has no scale."""

    title: str
    raster: np.ndarray
    colours: str
    most: float = 1.0
    label: str = ""


class ConsensusDisplay:
    """Draw a site as its labellers, their consensus and the risk see it; used like the displays of scikit-learn.

    Pixels of which nothing is known are grey: where nobody looked, and in the risk where too few did.

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
        min_labellers: int = LEAST,
        image: Any = None,
        reference: ArrayLike | None = None,
    ) -> Self:
        """Build from labellers' masks, weights and the fewest labellers, as `consensus` takes them."""
        return cls(
            masks, consensus(masks, weights, min_labellers=min_labellers), image=image, reference=reference
        )

    def plot(self, axes: Any = None) -> Self:
        """Draw one panel each for the image (where given), the share of votes, the consensus and the risk.

        Of more than two classes, votes and consensus show any object against background.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, optional
            As many as there are panels; by default a new figure in one row.

        Raises
        ------
        InputError
            When rasters differ in shape, or there are not as many axes as panels.
        MissingPackage
            Without matplotlib.
        """
        pyplot = need("matplotlib.pyplot", extra="plot", purpose="Drawing a consensus")
        panels = self._panels()
        if axes is None:
            height, width = self.masks.shape[1:]
            size = (3.6 * len(panels), 3.6 * height / width + 1.1)
            _, axes = pyplot.subplots(1, len(panels), figsize=size, layout="constrained")
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        if len(self.axes_) != len(panels):
            raise InputError(f"axes hold {len(self.axes_)}, but there are {len(panels)} panels to draw")
        self.figure_ = self.axes_[0].figure
        for axis, panel in zip(self.axes_, panels):
            self._draw(axis, panel, pyplot.get_cmap(panel.colours).with_extremes(bad=UNSEEN))
        return self

    def _draw(self, axis: Any, panel: Panel, colours: Any) -> None:
        scale = {"vmin": 0.0, "vmax": panel.most} if panel.label else {}
        drawn = axis.imshow(panel.raster, cmap=colours, interpolation="nearest", **scale)
        axis.set_title(panel.title)
        axis.set_axis_off()
        bar = self.figure_.colorbar(drawn, ax=axis, orientation="horizontal", fraction=0.05, pad=0.02)
        bar.set_label(panel.label or " ")
        bar.ax.set_visible(bool(panel.label))  # an invisible one keeps the panels level
        if panel.title == "consensus" and self.reference is not None:
            outline = np.asarray(self.reference) > 0
            if outline.any() and not outline.all():
                axis.contour(outline, [0.5], colors="white", linewidths=2.0)
                axis.contour(outline, [0.5], colors="tab:red", linewidths=0.9)

    def _panels(self) -> list[Panel]:
        k = self.found.probs.shape[-1]
        votes = pixel_votes(self.masks, n_classes=k)
        shape = self.masks.shape[1:]
        for name, raster in (("found", self.found.labels), ("reference", self.reference)):
            if raster is not None and np.shape(raster) != shape:
                raise InputError(f"{name} has shape {np.shape(raster)}, but the masks show {shape}")
        share = np.where(votes.counts.sum(axis=1) > 0, 1 - weighted_vote(votes)[:, 0], np.nan)
        known = np.where(self.found.labels >= 0, 1 - self.found.probs[..., 0], np.nan)
        panels = [
            Panel(
                f"votes of {len(self.masks)} labellers",
                share.reshape(shape),
                "viridis",
                label="share for an object",
            ),
            Panel("consensus", known, "viridis", label="P(object)"),
            Panel("risk", self.found.risk, "magma", 1 - 1 / k, "P(the consensus is wrong)"),
        ]
        return panels if self.image is None else [Panel("image", np.asarray(self.image), "gray"), *panels]


class SkillDisplay:
    """Draw what control sites show of each labeller, the best on top, with intervals.

    Parameters
    ----------
    skill : LabellerSkill
        See `LabellerRegistry.skill`.
    class_names : sequence (k,), optional
        By default background and object, or class 0 and so on.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : ndarray of matplotlib Axes
        One for the score, and one for the recall of each class.

    Examples
    --------
    >>> from labelwright.combine.spatial import LabellerRegistry
    >>> registry = LabellerRegistry()
    >>> registry.update("ann", 0.7, [[0, 1]], [[0, 1]])
    >>> SkillDisplay(registry.skill()).plot().axes_.shape  # doctest: +SKIP
    (3,)
    """

    def __init__(self, skill: LabellerSkill, *, class_names: Any = None):
        self.skill, self.class_names = skill, class_names

    def plot(self, axes: Any = None) -> Self:
        """Draw dots for means and lines for intervals; labellers of one control site have no line.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, optional
            One more than there are classes; by default a new figure in one row.

        Raises
        ------
        InputError
            When there are not as many axes as panels, or names as classes.
        MissingPackage
            Without matplotlib.
        """
        pyplot = need("matplotlib.pyplot", extra="plot", purpose="Drawing skills")
        skill, names = self.skill, self._names()
        if axes is None:
            size = (3.2 * (1 + len(names)), 0.3 * len(skill.sources) + 1.2)
            _, axes = pyplot.subplots(1, 1 + len(names), figsize=size, sharey=True, layout="constrained")
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        if len(self.axes_) != 1 + len(names):
            raise InputError(f"axes hold {len(self.axes_)}, but there are {1 + len(names)} panels to draw")
        self.figure_ = self.axes_[0].figure
        order = np.argsort(skill.score, kind="stable")
        columns = [(skill.score, skill.score_low, skill.score_high)]
        columns += list(zip(skill.recall.T, skill.recall_low.T, skill.recall_high.T))
        titles = ["mean score", *(f"recall of {name}" for name in names)]
        for axis, title, (mean, low, high) in zip(self.axes_, titles, columns):
            height = np.arange(len(order))
            axis.hlines(height, low[order], high[order], color="tab:blue", linewidth=1.5)
            axis.plot(mean[order], height, "o", color="tab:blue", markersize=5)
            axis.set(title=title, xlim=(-0.02, 1.02), ylim=(-0.6, len(order) - 0.4))
            axis.grid(axis="x", alpha=0.3)
            axis.set_yticks(height, [f"{skill.sources[i]} ({skill.sites[i]})" for i in order])
        self.axes_[0].set_ylabel("labeller (control sites)")
        return self

    def _names(self) -> list[str]:
        k = self.skill.recall.shape[1]
        usual = ["background", "object"] if k == 2 else [f"class {c}" for c in range(k)]
        names = usual if self.class_names is None else [str(name) for name in self.class_names]
        if len(names) != k:
            raise InputError(f"class_names hold {len(names)}, but there are {k} classes")
        return names
