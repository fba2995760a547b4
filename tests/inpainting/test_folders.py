import pytest

from lacuna.errors import LacunaError
from lacuna.inpainting.folders import pairs
from tests.inpainting.made_up import box, noise, save


@pytest.fixture
def folders(tmp_path):
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    return images, masks


def test_pictures_and_masks_are_paired_by_name(folders):
    images, masks = folders
    for name in ("b.jpg", "a.png", "c.d.webp"):
        save(images / name, noise())
    for name in ("a.png", "b_mask.png", "c.d.png", "unused.png"):
        save(masks / name, box())
    (images / "notes.txt").write_text("no picture")
    assert [(image.name, mask.name) for image, mask in pairs(images, masks)] == [
        ("a.png", "a.png"),
        ("b.jpg", "b_mask.png"),
        ("c.d.webp", "c.d.png"),
    ]
    one = masks / "a.png"
    assert pairs(images, one) == [(images / name, one) for name in ("a.png", "b.jpg", "c.d.webp")]


def test_what_does_not_pair_is_one_sentence(folders):
    images, masks = folders
    with pytest.raises(LacunaError, match="no image in the folder"):
        pairs(images, masks)
    save(images / "a.png", noise())
    save(images / "b.png", noise())
    save(masks / "a.png", box())
    with pytest.raises(
        LacunaError, match=r"1 of 2 pictures have no mask in .*the first is b\.png; give it b\.png or b_m"
    ):
        pairs(images, masks)
    save(images / "a.jpg", noise())
    with pytest.raises(LacunaError, match="a.jpg and a.png, which have one file stem"):
        pairs(images, masks)
