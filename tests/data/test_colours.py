"""Random colours of a training set's images."""

import numpy as np
import pytest
from PIL import Image

from lacuna.data.colours import LARGEST_SHIFT, recoloured, with_negatives
from lacuna.data.staging import stage
from lacuna.files import read_json, read_rows

from .pictures import asymmetric, photographs

SETTINGS = {"name": "set", "kind": "folder", "count": 7, "crop": "random", "crop_scale": [0.5, 0.9], "seed": 3}


def grey_ramp():
    return np.repeat(np.arange(256, dtype=np.uint8).reshape(8, 32)[..., None], 3, axis=-1)


def test_every_channel_gets_a_rising_curve_of_its_own():
    seen = recoloured(grey_ramp(), 1.0, np.random.default_rng(4)).reshape(256, 3).astype(int)
    assert (np.diff(seen, axis=0) >= 0).all()
    assert len({tuple(channel) for channel in seen.T}) == 3
    assert (seen[0] <= np.ceil(255 * LARGEST_SHIFT)).all() and (seen[-1] >= np.floor(255 * (1 - LARGEST_SHIFT))).all()


@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_a_lower_strength_changes_less(strength):
    changes = [
        np.abs(recoloured(grey_ramp(), strength, np.random.default_rng(seed)).astype(int) - grey_ramp()).max()
        for seed in range(40)
    ]
    most = max(changes)
    assert 0 < most < 18 if strength == 0.1 else most > 50


def test_channels_change_places_and_places_do_not():
    """At hardly any strength each channel is one of the old ones, pixel by pixel, and all orders come."""
    picture, orders = asymmetric(30, 22), set()
    for seed in range(40):
        new = recoloured(picture, 1e-6, np.random.default_rng(seed))
        order = tuple(next(old for old in range(3) if np.array_equal(new[..., k], picture[..., old])) for k in range(3))
        assert sorted(order) == [0, 1, 2]
        orders.add(order)
    assert len(orders) == 6


def test_a_share_of_the_channels_becomes_its_negative_each_by_itself():
    picture, seen = asymmetric(30, 22), []
    for seed in range(60):
        new = with_negatives(picture, 0.25, np.random.default_rng(seed))
        assert new.dtype == np.uint8
        turned = [not np.array_equal(new[..., k], picture[..., k]) for k in range(3)]
        assert all(np.array_equal(new[..., k], 255 - picture[..., k]) for k in range(3) if turned[k])
        seen.append(turned)
    assert 0.15 < np.mean(seen) < 0.35
    assert {sum(turned) for turned in seen} > {0, 1, 2}
    assert np.array_equal(with_negatives(picture, 1.0, np.random.default_rng(1)), 255 - picture)


def test_staged_images_keep_their_crops_and_depend_on_the_seed(tmp_path):
    folder = str(photographs(tmp_path / "photos", 3, (50, 30)))

    def staged(name, **changes):
        stage(SETTINGS | {"path": folder, "image_size": [16, 12]} | changes, tmp_path / name / "index.csv")
        return read_rows(tmp_path / name / "index.csv")

    plain, first, again = staged("plain"), staged("first", recolour=0.7), staged("again", recolour=0.7)
    assert first == again
    crops = [[{key: row[key] for key in row if key != "sha256"} for row in rows] for rows in (plain, first)]
    assert crops[0] == crops[1]
    assert all(one["sha256"] != other["sha256"] for one, other in zip(plain, first, strict=True))
    assert [read_json(tmp_path / name / "card.json")["recolour"] for name in ("plain", "first")] == [0.0, 0.7]
    with Image.open(tmp_path / "first" / first[0]["file"]) as image:
        assert (image.mode, image.size) == ("RGB", (16, 12))
