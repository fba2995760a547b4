import csv

import cv2
import numpy as np
import pytest
import torch

from lacuna.adaptation.experiments import read_experiment
from lacuna.adaptation.fillers import Filler, Pool, covering
from lacuna.adaptation.samples import Sampler
from lacuna.adaptation.similarity import Descriptions, load_backbone
from lacuna.errors import LacunaError
from tests.adaptation.conftest import SIZES, lopsided_hole, picture


@pytest.mark.parametrize("photograph", [0, 1, 2])
def test_the_filler_never_comes_from_the_same_photograph(pool, photograph):
    """Pictures of photograph i are bright in channel i alone."""
    size = (40, 56)
    others = pool.without(f"photograph{photograph}")
    filler = Filler(read_experiment({"fill": "random_image"}), picture(size), lopsided_hole(size), others)
    rng, seen = np.random.default_rng(0), set()
    for _ in range(200):
        drawn = filler.draw(rng, None)
        seen.add((int(drawn.mean((1, 2)).argmax()), round(float(drawn.max()) * 255)))
    kept = {(i % 3, 200 + 5 * i) for i in range(7) if i % 3 != photograph}
    assert seen == kept


def test_a_source_of_one_photograph_has_no_filler_for_it(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((20, 20, 3), np.uint8))
    (tmp_path / "index.csv").write_text("file,origin_sha256\n0.png,abc\n")
    pool = Pool([tmp_path / "0.png"])
    assert len(pool.without("other").kept) == 1
    with pytest.raises(LacunaError, match="no picture of another photograph"):
        pool.without("abc")


def test_another_size_is_covered_from_the_middle():
    source = torch.arange(24.0).view(1, 1, 4, 6).expand(1, 3, -1, -1) / 24
    assert torch.equal(covering(source, (4, 2)), source[..., 2:4])
    assert torch.equal(covering(source, (2, 6)), source[..., 1:3, :])
    assert torch.equal(covering(source, (4, 6)), source)
    for size in ((9, 5), (5, 31), (17, 17)):
        large = covering(source, size)
        assert large.shape == (1, 3, *size) and large.min() >= 0 and large.max() <= 1
        assert float(large.mean()) == pytest.approx(float(source.mean()), abs=0.1)


# ---------------------------------------------------------------------- the most similar picture


def scenes(folder) -> list:
    """Red sky over green, the same upside down, and a blue chequerboard, of one photograph each."""
    height, width = 48, 64
    sky = np.zeros((height, width, 3), np.uint8)
    sky[: height // 2, :, 2], sky[height // 2 :, :, 1] = 200, 160
    check = np.zeros((height, width, 3), np.uint8)
    check[..., 0] = 220 * ((np.add(*np.indices((height, width)) // 4)) % 2)
    with (folder / "index.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["file", "origin_sha256"], *([f"{name}.png", name] for name in ("check", "down", "up"))]
        )
    for name, values in (("up", sky), ("down", sky[::-1]), ("check", check)):
        noise = np.random.default_rng(len(name)).integers(0, 20, values.shape)
        cv2.imwrite(str(folder / f"{name}.png"), (values + noise).clip(0, 255).astype(np.uint8))
    return sorted(folder.glob("*.png"))


@pytest.fixture
def described(tmp_path, backbones) -> Pool:
    backbone = load_backbone(backbones("vgg16"))
    paths = scenes(tmp_path)
    Descriptions.of(paths, backbone).write(tmp_path / "descriptions.safetensors")
    return Pool(paths, Descriptions.read(tmp_path / "descriptions.safetensors", backbone))


def test_the_most_similar_picture_is_found_from_the_known_part(described):
    names = [path.stem for path in described.paths]
    others = described.without("none of them")
    hole = torch.zeros(1, 48, 64)
    hole[:, 10:40, 5:30] = 1
    for number, name in enumerate(names):
        image = described.picture(number, (48, 64)) * (1 - hole) + picture((48, 64), seed=1) * hole
        order = others.most_similar(image, hole, 3)
        assert names[order[0]] == name
        again = others.most_similar(described.picture(number, (48, 64)), hole, 3)
        assert order.tolist() == again.tolist(), "what lies under the hole mattered"
    # the picture's own photograph is left out, whatever it looks like
    left = described.without("up")
    assert "up" not in [names[i] for i in left.most_similar(described.picture(names.index("up"), (48, 64)), hole, 3)]


def test_distances_ignore_the_hole_and_are_nothing_for_the_same_picture(described):
    descriptions, hole = described.descriptions, lopsided_hole((48, 64))
    image = described.picture(0, (48, 64))
    one = descriptions.distances(image, 1 - hole)
    two = descriptions.distances(image * (1 - hole) + picture((48, 64)) * hole, 1 - hole)
    assert np.array_equal(one, two) and one[0] < 0.2 * min(one[1:])
    whole = descriptions.distances(image, torch.ones(1, 48, 64))
    assert whole[0] == pytest.approx(0, abs=1e-6) and min(whole[1:]) > 1


def test_similar_pictures_fill_the_hole_and_the_hole_s_content_changes_nothing(described):
    size = SIZES[1]
    experiment = read_experiment({"fill": "similar_image", "similar_among": 2})
    hole = lopsided_hole(size)
    other = picture(size) * (1 - hole) + picture(size, seed=8) * hole
    batches = [
        Sampler(image, hole, experiment, 0, described.without("x")).batch(1).picture for image in (picture(size), other)
    ]
    assert torch.equal(*batches)


def test_descriptions_of_other_pictures_are_refused(described, tmp_path):
    with pytest.raises(LacunaError, match="descriptions are of 3 pictures that are not the 2"):
        Pool(described.paths[:2], described.descriptions)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no")
    with pytest.raises(LacunaError, match="holds no descriptions of pictures"):
        Descriptions.read(broken, described.descriptions.backbone)
