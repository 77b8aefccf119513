"""Slightly different versions of a batch: ``(x, generator) -> x`` of the same shape and dtype.

Weak views (`identity`) show an item as it is, strong ones change it without changing its class. Each row is
changed by draws of its own, and the same generator state gives the same result. Strengths are keywords; set
them with `functools.partial`:

>>> from functools import partial
>>> generator = torch.Generator().manual_seed(0)
>>> strong = compose(partial(shift, pixels=2), partial(erase, side=3))
>>> tuple(strong(torch.ones(5, 1, 8, 8), generator).shape)
(5, 1, 8, 8)
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from labelwright.errors import InputError
from labelwright.nets.words import PADDING, UNKNOWN

View = Callable[[Tensor, torch.Generator], Tensor]


def identity(x: Tensor, generator: torch.Generator) -> Tensor:
    """Everything as it is.

    Examples
    --------
    >>> identity(torch.tensor([1.0]), torch.Generator())
    tensor([1.])
    """
    return x


def compose(*views: View) -> View:
    """One view after the other, each on what the one before returns.

    Examples
    --------
    >>> both = compose(identity, lambda x, generator: x + 1)
    >>> both(torch.tensor([1.0]), torch.Generator())
    tensor([2.])
    """

    def composed(x: Tensor, generator: torch.Generator) -> Tensor:
        for view in views:
            x = view(x, generator)
        return x

    return composed


def jitter(x: Tensor, generator: torch.Generator, *, noise: float = 0.1, drop: float = 0.1) -> Tensor:
    """Add Gaussian noise to rows of numbers and set some of them to 0.

    Parameters
    ----------
    x : Tensor (n, ...) of floats
        Centred and of about unit size, so that 0 says nothing.
    generator : torch.Generator
    noise : float, default 0.1
        Standard deviation, in the units of `x`.
    drop : float in [0, 1], default 0.1
        Chance of each number to become 0.

    Examples
    --------
    >>> jitter(torch.ones(1, 3), torch.Generator(), noise=0.0, drop=1.0)
    tensor([[0., 0., 0.]])
    """
    _floats(x, "jitter")
    added = torch.randn(x.shape, generator=generator, device=generator.device).to(x)
    kept = _uniform(x, x.shape, generator) >= drop
    return (x + noise * added) * kept


def shift(x: Tensor, generator: torch.Generator, *, pixels: int = 1) -> Tensor:
    """Move each picture by up to `pixels` in each direction; 0 comes in at the edges.

    Parameters
    ----------
    x : Tensor (n, channels, height, width)
    generator : torch.Generator
    pixels : int, default 1

    Examples
    --------
    >>> moved = shift(torch.ones(1, 1, 4, 4), torch.Generator().manual_seed(0), pixels=1)
    >>> float(moved.max()), tuple(moved.shape)
    (1.0, (1, 1, 4, 4))
    """
    n, c, h, w = _pictures(x, "shift").shape
    padded = functional.pad(x, (pixels,) * 4)
    starts = torch.randint(0, 2 * pixels + 1, (2, n), generator=generator, device=generator.device).to(
        x.device
    )
    rows = (starts[0][:, None] + torch.arange(h, device=x.device))[:, None, :, None]
    columns = (starts[1][:, None] + torch.arange(w, device=x.device))[:, None, None, :]
    items = torch.arange(n, device=x.device)[:, None, None, None]
    return padded[items, torch.arange(c, device=x.device)[:, None, None], rows, columns]


def erase(x: Tensor, generator: torch.Generator, *, side: int = 2) -> Tensor:
    """Set a square of each picture to 0, at a place of its own (cutout); it may stand over the edge.

    Parameters
    ----------
    x : Tensor (n, channels, height, width)
    generator : torch.Generator
    side : int, default 2
        Side of the square in pixels; 0 erases nothing.

    Examples
    --------
    >>> left = erase(torch.ones(1, 1, 4, 4), torch.Generator(), side=2)
    >>> int(left.sum()) in (12, 14, 15)
    True
    """
    n, _, h, w = _pictures(x, "erase").shape
    centres = _uniform(x, (2, n, 1), generator)

    def hit(centre: Tensor, extent: int) -> Tensor:
        start = (centre * extent).long() - side // 2
        place = torch.arange(extent, device=x.device)
        return (place >= start) & (place < start + side)

    gone = hit(centres[0], h)[:, :, None] & hit(centres[1], w)[:, None, :]
    return x.masked_fill(gone[:, None], 0)


def rotate(x: Tensor, generator: torch.Generator, *, degrees: float = 10.0) -> Tensor:
    """Turn each picture about its centre by up to `degrees` either way; 0 comes in at the corners.

    Parameters
    ----------
    x : Tensor (n, channels, height, width) of floats
        Square pictures; the values between pixels are interpolated linearly.
    generator : torch.Generator
    degrees : float, default 10.0

    Examples
    --------
    >>> turned = rotate(torch.ones(1, 1, 8, 8), torch.Generator().manual_seed(0), degrees=20)
    >>> round(float(turned[0, 0, 4, 4]), 4), float(turned[0, 0, 0, 0]) < 1
    (1.0, True)
    """
    _floats(_pictures(x, "rotate"), "rotate")
    if x.shape[-1] != x.shape[-2]:
        raise InputError(f"rotate takes square pictures, x has shape {tuple(x.shape)}")
    if not len(x):
        return x
    angle = torch.deg2rad(degrees * (2 * _uniform(x, (len(x),), generator) - 1)).to(x.dtype)
    cos, sin, zero = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
    turn = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).reshape(-1, 2, 3)
    grid = functional.affine_grid(turn, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def brighten(x: Tensor, generator: torch.Generator, *, amount: float = 0.2) -> Tensor:
    """Multiply each picture by a number of its own from 1 - amount to 1 + amount; nothing is clipped.

    Parameters
    ----------
    x : Tensor (n, ...) of floats
    generator : torch.Generator
    amount : float, default 0.2

    Examples
    --------
    >>> bright = brighten(torch.ones(2, 1, 4, 4), torch.Generator(), amount=0.5)
    >>> bool((bright >= 0.5).all() and (bright <= 1.5).all())
    True
    """
    _floats(x, "brighten")
    drawn = _uniform(x, (len(x),) + (1,) * (x.ndim - 1), generator)
    return x * (1 + amount * (2 * drawn - 1)).to(x.dtype)


def word_dropout(x: Tensor, generator: torch.Generator, *, rate: float = 0.1) -> Tensor:
    """Make some words of each text unknown (id 1); padding (id 0) stays.

    Parameters
    ----------
    x : Tensor (n, t) of ints
        Ids from `labelwright.nets.WordTokens`.
    generator : torch.Generator
    rate : float in [0, 1], default 0.1
        Chance of each word.

    Examples
    --------
    >>> word_dropout(torch.tensor([[5, 9, 0]]), torch.Generator(), rate=1.0)
    tensor([[1, 1, 0]])
    """
    if x.is_floating_point():
        raise InputError(f"word_dropout takes ids of words, x holds {x.dtype}")
    lost = (_uniform(x, x.shape, generator) < rate) & (x != PADDING)
    return x.masked_fill(lost, UNKNOWN)


def _uniform(x: Tensor, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Numbers in [0, 1), drawn where the generator lives and moved to where the batch lives."""
    return torch.rand(shape, generator=generator, device=generator.device).to(x.device)


def _pictures(x: Tensor, name: str) -> Tensor:
    if x.ndim != 4:
        raise InputError(f"{name} takes pictures (n, channels, height, width), x has shape {tuple(x.shape)}")
    return x


def _floats(x: Tensor, name: str) -> Tensor:
    if not x.is_floating_point():
        raise InputError(f"{name} takes floating-point numbers, x holds {x.dtype}")
    return x
