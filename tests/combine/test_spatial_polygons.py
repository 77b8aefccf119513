"""Polygons to pixels: by a slow oracle, by exact areas, by pieces that must fit together."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion

from labelwright import InputError, data
from labelwright.combine.spatial import fill, rasterize, rasterize_three_class, three_class

SHAPE = (9, 10)
corner = st.tuples(st.floats(-3, 12), st.floats(-3, 12))
rings = st.lists(corner, min_size=3, max_size=7)
lattice = st.tuples(st.integers(-6, 26), st.integers(-6, 26)).map(lambda p: (p[0] / 2, p[1] / 2))


def inside(x, y, ring):
    """Even-odd rule by counting the sides to the right of a point."""
    hit = False
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]]):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            hit = not hit
    return hit


def near_a_side(x, y, ring):
    """Whether rounding decides on which side of a ring a point lies."""
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]]):
        if min(y0, y1) - 1e-9 <= y <= max(y0, y1) + 1e-9:
            at = x0 if y0 == y1 else (x1 - x0) * (y - y0) / (y1 - y0) + x0
            if y0 == y1 or abs(x - at) < 1e-6 * (1 + abs(at)):
                return True
    return False


def area(ring):
    """Of a ring that does not cross itself: exact."""
    x, y = np.asarray(ring, float).T
    return abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2


def clipped(ring, width, height):
    """The part of a convex ring that lies in the raster, cut side by side."""
    for axis, limit, sign in ((0, 0, 1), (0, width, -1), (1, 0, 1), (1, height, -1)):
        kept = []
        for a, b in zip(ring, [*ring[1:], *ring[:1]]):
            a_in, b_in = sign * (a[axis] - limit) >= 0, sign * (b[axis] - limit) >= 0
            if a_in:
                kept.append(a)
            if a_in != b_in:
                t = (limit - a[axis]) / (b[axis] - a[axis])
                kept.append(tuple(a[i] + t * (b[i] - a[i]) for i in (0, 1)))
        ring = kept
    return ring


def perimeter(ring):
    ring = np.asarray(ring, float)
    return float(np.hypot(*(np.roll(ring, -1, axis=0) - ring).T).sum())


@given(rings)
def test_pixels_are_those_whose_centre_is_inside_crossings_or_not(ring):
    found = fill(ring, SHAPE)
    for row, column in np.ndindex(SHAPE):
        x, y = column + 0.5, row + 0.5
        if not near_a_side(x, y, ring):
            assert found[row, column] == inside(x, y, ring)


@given(rings, rings, st.integers(0, 6))
def test_rings_switch_each_other_and_no_corner_is_the_first(one, other, start):
    both = fill([one, other], SHAPE)
    np.testing.assert_array_equal(both, fill(one, SHAPE) ^ fill(other, SHAPE))
    start %= len(one)
    np.testing.assert_array_equal(fill(one, SHAPE), fill(one[start:] + one[:start], SHAPE))
    np.testing.assert_array_equal(fill(one, SHAPE), fill(one[::-1], SHAPE))
    np.testing.assert_array_equal(fill(one, SHAPE), fill([*one, one[0]], SHAPE))  # closed, as GeoJSON has it


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 12), st.integers(1, 12), st.integers(0, 5))
def test_rectangles_on_the_grid_have_their_exact_area(x, y, width, height, hole):
    outer = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    assert fill(outer, (24, 24)).sum() == area(outer)
    cut = min(hole, width, height)
    inner = [(x, y), (x + cut, y), (x + cut, y + cut), (x, y + cut)]
    assert fill([outer, inner], (24, 24)).sum() == area(outer) - area(inner)


@given(st.lists(st.tuples(st.floats(-20, 60), st.floats(-20, 60)), min_size=3, max_size=3))
def test_triangles_that_leave_the_raster_have_the_area_of_what_is_left(ring):
    left = clipped(ring, 40, 40)
    exact = area(left) if len(left) > 2 else 0.0
    found = fill(ring, (40, 40)).sum()
    assert abs(found - exact) <= perimeter(left if len(left) > 2 else ring[:1]) + 4


def test_the_mean_over_shifts_of_less_than_a_pixel_is_the_area():
    rng = np.random.default_rng(0)
    star = np.array(
        [(20, 2), (24, 15), (38, 15), (27, 23), (31, 37), (20, 28), (9, 37), (13, 23), (2, 15), (16, 15)]
    )
    steps = (np.arange(16) + 0.5) / 16
    found = [fill(star + np.array([dx, dy]), (42, 42)).sum() for dx in steps for dy in steps]
    assert np.mean(found) == pytest.approx(area(star), abs=0.05)
    turned = (star - 20) @ np.array([[0.8, -0.6], [0.6, 0.8]]) + 20 + rng.random(2)
    found = [fill(turned + np.array([dx, dy]), (42, 42)).sum() for dx in steps for dy in steps]
    assert np.mean(found) == pytest.approx(area(star), abs=0.5)


@given(
    lattice,
    lattice,
    st.tuples(st.floats(-30, -20), st.floats(-30, 40)),
    st.tuples(st.floats(30, 40), st.floats(-30, 40)),
)
def test_neighbours_share_no_pixel_and_leave_none_between_them(a, b, west, east):
    left, right = fill([a, b, west], SHAPE), fill([b, a, east], SHAPE)
    np.testing.assert_array_equal(left ^ right, fill([a, west, b, east], SHAPE))


@given(lattice)
def test_triangles_around_a_point_tile_the_raster(point):
    x, y = np.clip(point, 0, 9)
    rim = [(0, 0), (4.5, 0), (10, 0), (10, 3.7), (10, 9), (2.2, 9), (0, 9)]
    times = sum(fill([p, q, (x, y)], SHAPE).astype(int) for p, q in zip(rim, rim[1:] + rim[:1]))
    np.testing.assert_array_equal(times, 1)


def test_a_pentagram_is_empty_in_the_middle_and_a_bow_in_no_place():
    angle = np.arange(5) * 4 * np.pi / 5
    star = np.column_stack([20 + 18 * np.sin(angle), 20 - 18 * np.cos(angle)])
    found = fill(star, (40, 40))
    assert not found[20, 20]
    assert found[5, 20]
    bow = fill([(0, 0), (6, 6), (6, 0), (0, 6)], (6, 6))
    np.testing.assert_array_equal(bow, bow[::-1])
    assert bow.sum() == pytest.approx(18, abs=6)


def test_far_corners_and_lines_and_points_do_no_harm():
    far = 1e12
    assert fill([(-far, -far), (far, -far), (far, far), (-far, far)], (5, 7)).all()
    assert not fill([(far, 0), (far, 9), (far - 1, 9)], (5, 7)).any()
    assert not fill([(1, 1), (1, 1), (1, 1)], (5, 7)).any()
    assert not fill([(0, 1), (3, 1), (6, 1)], (5, 7)).any()
    for x, y in ((-4, 1), (20, 1), (1, -4), (1, 20)):
        assert not fill([(x, y), (x + 2, y), (x + 2, y + 2)], (5, 7)).any()
    assert rasterize([], (2, 3)).tolist() == [[0, 0, 0]] * 2


@given(st.lists(rings, min_size=1, max_size=4), st.integers(1, 3))
def test_numbers_interiors_and_edges_against_whole_rasters(polygons, edge):
    numbered, classes = np.zeros(SHAPE, int), np.zeros(SHAPE, int)
    edges = np.zeros(SHAPE, bool)
    for number, ring in enumerate(polygons, start=1):
        mask = fill(ring, SHAPE)
        numbered[mask], classes[mask] = number, 1
        edges |= mask & ~binary_erosion(mask, iterations=edge, border_value=1)
    classes[edges] = 2
    np.testing.assert_array_equal(rasterize(polygons, SHAPE), numbered)
    np.testing.assert_array_equal(rasterize_three_class(polygons, SHAPE, edge=edge), classes)
    apart = (numbered > 0).astype(int)
    for number in np.unique(numbered[numbered > 0]):
        mask = numbered == number
        apart[mask & ~binary_erosion(mask, iterations=edge, border_value=1)] = 2
    np.testing.assert_array_equal(three_class(numbered, edge=edge), apart)


def test_polygons_stay_as_they_were():
    ring = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 3.0]])
    before = ring.copy()
    rasterize([ring, [ring]], (4, 4))
    np.testing.assert_array_equal(ring, before)


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        ([(0, 0), (1, 1)], "at least 3 corners"),
        ([], "at least 3 corners"),
        ([(0, 0, 1), (1, 1, 1), (0, 1, 1)], "shape (3, 3)"),
        ([0, 0, 3, 0, 3, 3], "np.reshape(ring, (-1, 2))"),
        ([(0, 0), (1, 1), (np.nan, 0)], "NaN, infinite or beyond"),
        ([(0, 0), (1, 1), (1e300, 0)], "NaN, infinite or beyond"),
        ([(0, 0), (1,), (1, 1)], "a polygon is list"),
        ("field", "a polygon is str 'field'"),
        (None, "a polygon is NoneType"),
        ({"type": "Polygon"}, "a polygon is dict"),
    ],
)
def test_what_is_no_polygon(polygon, message):
    with pytest.raises(InputError, match=re.escape(message)):
        fill(polygon, (3, 3))
    with pytest.raises(InputError, match="polygon 1: "):
        rasterize([[(0, 0), (1, 0), (1, 1)], polygon], (3, 3))


@pytest.mark.parametrize("shape", [(0, 3), (3.0, 3), 3, (3,), (3, 3, 3), None])
def test_what_is_no_shape(shape):
    with pytest.raises(InputError, match="shape="):
        fill([(0, 0), (1, 0), (1, 1)], shape)


@pytest.mark.parametrize("edge", [0, -1, 1.5, "2"])
def test_what_is_no_width_of_an_edge(edge):
    with pytest.raises(InputError, match="edge="):
        rasterize_three_class([[(0, 0), (2, 0), (2, 2)]], (3, 3), edge=edge)
    with pytest.raises(InputError, match="edge="):
        three_class([[1]], edge=edge)


@pytest.mark.network
def test_outlines_of_photographs_lie_on_the_maps_of_their_class():
    found = data.load("coco-256")
    table, codes = found.extra["polygons"], {name: c for c, name in found.extra["semantic_classes"].items()}
    agree = []
    for item, label, polygon in list(zip(*(table[c].to_pylist() for c in ("item", "label", "polygon"))))[
        ::10
    ]:
        height, width = (int(s) for s in found.extra["size"][item])
        mask = fill(np.reshape(polygon, (-1, 2)) * [width, height], (height, width))
        if mask.any() and label in codes:
            agree.append((found.extra["semantic"][item] == codes[label])[mask].mean())
    assert np.mean(agree) > 0.9
