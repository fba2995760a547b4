"""Every published data set, by stand-ins of its archives, unpacked folders and lists."""

import pytest

from lacuna.config.sections import ImageSet
from lacuna.data import image_sources, mask_downloads
from lacuna.data.staging import stage
from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.keys import check
from tests.data import stand_ins as real
from tests.data.listing import listed
from tests.data.stand_ins import pack, unpack

PUBLISHED = [name for name in image_sources.names() if hasattr(image_sources.load(name), "CARD")]
CELEBA = {"list_eval_partition.txt": real.CELEBA_PARTS, "list_attr_celeba.txt": real.CELEBA_ATTRIBUTES}
# kind, archives by name, texts beside them, what is asked for, and the last parts of the pictures' names
CASES = [
    ("places2", {"val_256.tar": real.PLACES_VAL}, {}, {}, [f"val_0000000{n}.jpg" for n in (1, 2, 3, 4)]),
    (
        "places2",
        {"val_256.tar": real.PLACES_VAL, "filelist_places365-standard.tar": real.PLACES_LISTS},
        {},
        {"categories": ["church/indoor"]},
        ["val_00000001.jpg", "val_00000004.jpg"],
    ),
    (
        "places2",
        {"train_256_places365standard.tar": real.PLACES_TRAIN},
        {},
        {"split": "train", "categories": ["church/indoor", "church/outdoor"]},
        ["indoor/00000001.jpg", "indoor/00000002.jpg", "outdoor/00000001.jpg"],
    ),
    ("celeba", {"img_align_celeba.zip": real.CELEBA}, {}, {}, [f"00000{n}.jpg" for n in (1, 2, 3, 4, 5)]),
    ("celeba", {"img_align_celeba.zip": real.CELEBA}, CELEBA, {"split": "test"}, ["000004.jpg", "000005.jpg"]),
    (
        "celeba",
        {"img_align_celeba.zip": real.CELEBA},
        {f"Anno/{name}": text for name, text in CELEBA.items()},
        {"split": "train", "having": ["Smiling"], "lacking": ["Eyeglasses"]},
        ["000001.jpg"],
    ),
    ("celeba_hq", {"CelebAMask-HQ.zip": real.CELEBA_HQ}, {}, {}, ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]),
    ("celeba_hq", {"CelebAMask-HQ.zip": real.CELEBA_HQ}, CELEBA, {"split": "test"}, ["0.jpg", "3.jpg"]),
    ("ffhq", {"images1024x1024.zip": real.FFHQ}, {}, {"split": "train"}, ["00000.png", "00001.png", "59999.png"]),
    ("ffhq", {"images1024x1024.zip": real.FFHQ}, {}, {"split": "validation"}, ["60000.png"]),
    ("paris_streetview", {"paris_streetview.zip": real.PARIS}, {}, {}, ["000_im.png", "001_im.png"]),
    (
        "paris_streetview",
        {"paris_streetview.zip": real.PARIS},
        {},
        {"split": "train"},
        ["000_im.JPG", "001_im.JPG", "002_im.JPG"],
    ),
    ("shanghaitech", {"ShanghaiTech.zip": real.SHANGHAITECH}, {}, {"part": "B", "split": "test"}, ["IMG_3.jpg"]),
    ("shanghaitech", {"ShanghaiTech.zip": real.SHANGHAITECH}, {}, {"part": "A"}, ["IMG_1.jpg", "IMG_2.jpg"]),
    ("dtd", {"dtd-r1.0.1.tar.gz": real.DTD}, {}, {"split": "train"}, ["banded_0001.jpg", "woven_0001.jpg"]),
    ("dtd", {"dtd-r1.0.1.tar.gz": real.DTD}, {}, {"split": "test", "partition": 2}, ["woven_0001.jpg"]),
    ("dtd", {"dtd-r1.0.1.tar.gz": real.DTD}, {}, {"categories": ["banded"]}, ["banded_0001.jpg", "banded_0002.jpg"]),
    (
        "cmp_facades",
        {
            "CMP_facade_DB_base.zip": {k: v for k, v in real.FACADES.items() if k.startswith("base")},
            "CMP_facade_DB_extended.zip": {k: v for k, v in real.FACADES.items() if k.startswith("ext")},
        },
        {},
        {},
        ["cmp_b0001.jpg", "cmp_b0002.jpg", "cmp_x0001.jpg", "cmp_x0002.jpg"],
    ),
    ("lfw", {"lfw.tgz": real.LFW}, {}, {}, ["Eckhart_0001.jpg", "Eckhart_0002.jpg", "Ball_0001.jpg"]),
    ("div2k", {"DIV2K_valid_HR.zip": real.DIV2K}, {}, {}, ["0801.png", "0802.png"]),
    ("kodak", {}, real.KODAK, {}, ["kodim01.png", "kodim02.png", "kodim24.png"]),
]


def names_of(kind: str, settings: dict) -> list[str]:
    module = image_sources.load(kind)
    keys = {key: value for key, value in settings.items() if key != "downloaded"}
    check({"kind": kind, **keys}, ImageSet, "image_sets.x")
    module.check(settings, "image_sets.x")
    found, _ = listed(module, settings)
    read = module.photographs(settings).read
    assert all(read(origin.place)[0].mode == "RGB" for origin in found)
    return sorted(origin.name for origin in found)


def the_same(found: list[str], ends: list[str]) -> bool:
    return len(found) == len(ends) and all(any(name.endswith(end) for name in found) for end in ends)


@pytest.mark.parametrize(("kind", "archives", "texts", "keys", "ends"), CASES)
def test_archives_and_what_was_unpacked_from_them(tmp_path, kind, archives, texts, keys, ends):
    for name, members in archives.items():
        pack(tmp_path / "archives" / name, members)
        unpack(tmp_path / "unpacked", members)
    unpack(tmp_path / "archives", texts)
    unpack(tmp_path / "unpacked", texts)
    module = image_sources.load(kind)
    for folder in ("archives", "unpacked"):
        settings = {"path": str(tmp_path / folder), **keys}
        assert the_same(names_of(kind, settings), ends), folder
        files = module.files(settings)
        assert files and all(path.is_file() for path in files)
    if archives:  # as the rule that downloads leaves it, and an archive that is named itself
        first = tmp_path / "archives" / next(iter(archives))
        assert the_same(names_of(kind, {"downloaded": [{"path": str(first)}], **keys}), ends)
        if len(archives) == 1:
            assert the_same(names_of(kind, {"path": str(first), **keys}), ends)
    assert module.downloads({"path": str(tmp_path), **keys}) == []
    needed = [file.name for file in module.downloads(keys)]
    assert set(archives) <= set(needed) <= {file.name for file in module.CARD.files}


def test_places_as_torchvision_unpacks_it(tmp_path):
    unpack(tmp_path, {name.replace("data_256", "data_256_standard"): data for name, data in real.PLACES_TRAIN.items()})
    unpack(tmp_path, real.PLACES_VAL | real.PLACES_LISTS)
    settings = {"path": str(tmp_path), "split": "train", "categories": ["church/outdoor"]}
    assert names_of("places2", settings) == ["data_256_standard/c/church/outdoor/00000001.jpg"]
    settings = {"path": str(tmp_path), "categories": ["church/outdoor", "airfield"]}
    assert the_same(names_of("places2", settings), ["val_00000002.jpg", "val_00000003.jpg"])


def test_what_is_not_there_is_said(tmp_path):
    unpack(tmp_path, real.PLACES_VAL | real.PLACES_LISTS)
    with pytest.raises(LacunaError, match=r"no category 'church': did you mean 'church/indoor'\?"):
        names_of("places2", {"path": str(tmp_path), "categories": ["church"]})
    with pytest.raises(LacunaError, match="asks for categories of the split 'test'"):
        names_of("places2", {"path": str(tmp_path), "split": "test", "categories": ["coast"]})
    with pytest.raises(LacunaError, match="holds no picture of CelebA, aligned and cropped that is asked for"):
        names_of("celeba", {"path": str(tmp_path)})
    with pytest.raises(LacunaError, match="holds no list_eval_partition.txt, which a choice of the split takes"):
        names_of("celeba", {"path": str(tmp_path), "split": "test"})
    unpack(tmp_path, real.CELEBA | CELEBA)
    with pytest.raises(LacunaError, match=r"CelebA has no attribute 'smiling': did you mean 'Smiling'\?"):
        names_of("celeba", {"path": str(tmp_path), "having": ["smiling"]})
    with pytest.raises(LacunaError, match="path is nowhere, which is not there.*lacuna fetch-data ffhq"):
        image_sources.load("ffhq").check({"path": "nowhere"}, "image_sets.x")


@pytest.mark.parametrize("card", [image_sources.load(name).CARD for name in PUBLISHED] + list(mask_downloads.CARDS))
def test_cards_say_what_must_be_known(card):
    for name in ("title", "page", "paper", "licence", "terms", "publish", "processed"):
        assert getattr(card, name).strip(), name
    assert card.n > 0 and len({file.name for file in card.files}) == len(card.files)
    for file in card.files:
        assert file.urls or file.ask, "a person is told where, or a machine is"
        assert len(file.checksum) in (0, 32, 64) and all(url.startswith("http") for url in file.urls)


def test_the_card_of_a_staged_set_repeats_it(tmp_path):
    pack(tmp_path / "lfw.tgz", real.LFW)
    settings = {"name": "faces", "kind": "lfw", "path": str(tmp_path), "seed": 1, "crop": "center"}
    card = stage(settings | {"image_size": 16, "licence": "not stated"}, tmp_path / "set/index.csv")
    published = image_sources.load("lfw").CARD
    assert card["n"] == 3 and card["licence"] == published.licence
    assert read_json(tmp_path / "set/card.json")["published"]["terms"] == published.terms
    assert card["published"]["checksums"] == "2 of 2 files have a published checksum"
