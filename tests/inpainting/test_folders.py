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
    found, notes = pairs(images, masks)
    assert [(image.name, mask.name, name) for image, mask, name in found] == [
        ("a.png", "a.png", "a"),
        ("b.jpg", "b_mask.png", "b"),
        ("c.d.webp", "c.d.png", "c.d"),
    ]
    assert notes == [
        f"passed over 1 of the files in {images} that are no pictures: notes.txt",
        f"1 of 4 masks in {masks} have no picture: unused.png",
    ]
    one = masks / "a.png"
    names = ("a.png", "b.jpg", "c.d.webp")
    assert pairs(images, one)[0] == [(images / name, one, name.rpartition(".")[0]) for name in names]


def test_a_mask_beside_its_picture_is_no_picture(folders):
    images, _ = folders
    for name in ("a.jpg", "b.jpg"):
        save(images / name, noise())
    save(images / "a_mask.png", box())
    save(images / "b_mask001.png", box())
    save(images / "b_mask000.png", box())
    assert [(image.name, mask.name, name) for image, mask, name in pairs(images, images)[0]] == [
        ("a.jpg", "a_mask.png", "a"),
        ("b.jpg", "b_mask000.png", "b_mask000"),
        ("b.jpg", "b_mask001.png", "b_mask001"),
    ]


def test_folders_in_folders_are_entered_but_not_those_of_masks_and_results(folders):
    images, _ = folders
    for folder in ("more", "out", "masks/more"):
        (images / folder).mkdir(parents=True)
    for name in ("1.JPG", "more/1.JPG", "out/1.png"):
        save(images / name, noise())
    for name in ("masks/1.png", "masks/more/1.png"):
        save(images / name, box())
    found, _ = pairs(images, images / "masks", images / "out")
    assert [(image.relative_to(images).as_posix(), name) for image, _, name in found] == [
        ("1.JPG", "1"),
        ("more/1.JPG", "more/1"),
    ]


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
