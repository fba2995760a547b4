"""Stand-ins for published data sets: their archives, folders, names and lists as they are published, few pictures."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def picture(number: int, kind: str = "jpeg", size: tuple[int, int] = (46, 31)) -> bytes:
    """A picture of its own for every number."""
    stream = io.BytesIO()
    values = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(stream, kind)
    return stream.getvalue()


def pack(path: Path, members: dict[str, bytes]) -> Path:
    """A zip, a 7z or a tar, by the name, with an entry for every folder, as the tools write it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            for name, data in members.items():
                packed.writestr(name, data)
    elif path.suffix == ".7z":
        import py7zr

        with py7zr.SevenZipFile(path, "w") as packed:
            for name, data in members.items():
                packed.writestr(data, name)
    else:
        with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as packed:
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                packed.addfile(info, io.BytesIO(data))
    return path


def unpack(folder: Path, members: dict[str, bytes]) -> Path:
    """The same as files."""
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def lines(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


CATEGORIES = lines("/a/airfield 0", "/c/church/indoor 91", "/c/church/outdoor 92", "/c/coast 97")
PLACES_LISTS = {
    "categories_places365.txt": CATEGORIES,
    "places365_train_standard.txt": lines("/a/airfield/00000001.jpg 0", "/c/church/indoor/00000001.jpg 91"),
    "places365_val.txt": lines(
        "Places365_val_00000001.jpg 91",
        "Places365_val_00000002.jpg 0",
        "Places365_val_00000003.jpg 92",
        "Places365_val_00000004.jpg 91",
    ),
}
PLACES_TRAIN = {
    "data_256/a/airfield/00000001.jpg": picture(1),
    "data_256/c/church/indoor/00000001.jpg": picture(2),
    "data_256/c/church/indoor/00000002.jpg": picture(3),
    "data_256/c/church/outdoor/00000001.jpg": picture(4),
}
PLACES_VAL = {f"val_256/Places365_val_0000000{number}.jpg": picture(10 + number) for number in range(1, 5)}

CELEBA = {f"img_align_celeba/00000{number}.jpg": picture(20 + number, size=(178, 218)) for number in range(1, 6)}
CELEBA_PARTS = lines("000001.jpg 0", "000002.jpg 0", "000003.jpg 1", "000004.jpg 2", "000005.jpg 2")
CELEBA_ATTRIBUTES = lines(
    "5",
    "5_o_Clock_Shadow Eyeglasses Smiling ",
    "000001.jpg -1 -1  1",
    "000002.jpg -1  1  1",
    "000003.jpg  1 -1  1",
    "000004.jpg -1 -1 -1",
    "000005.jpg -1 -1  1",
)
CELEBA_HQ = {
    **{f"CelebAMask-HQ/CelebA-HQ-img/{number}.jpg": picture(30 + number, size=(64, 64)) for number in range(4)},
    "CelebAMask-HQ/CelebAMask-HQ-mask-anno/0/00000_hair.png": picture(39, "png"),
    "CelebAMask-HQ/CelebA-HQ-to-CelebA-mapping.txt": lines(
        "idx        orig_idx   orig_file",
        "0           3         000004.jpg",
        "1           0         000001.jpg",
        "2           2         000003.jpg",
        "3           4         000005.jpg",
    ),
}
FFHQ = {
    **{
        f"images1024x1024/{n // 1000 * 1000:05d}/{n:05d}.png": picture(n, "png", (64, 64)) for n in (0, 1, 59999, 60000)
    },
    "images1024x1024/LICENSE.txt": b"",
}
PARIS = {
    **{f"paris_streetview/paris_train_original/00{n}_im.JPG": picture(50 + n) for n in range(3)},
    "paris_streetview/paris_train_original/._000_im.JPG": b"\0",
    **{f"paris_streetview/paris_eval/paris_eval_gt/00{n}_im.png": picture(60 + n, "png") for n in range(2)},
}
SHANGHAITECH = {
    f"ShanghaiTech/part_{part}/{split}_data/images/IMG_{n}.jpg": picture(70 + n + 3 * "AB".index(part), size=(50, 40))
    for part, split, n in (("A", "train", 1), ("A", "test", 2), ("B", "train", 1), ("B", "test", 3))
} | {"ShanghaiTech/part_A/train_data/ground-truth/GT_IMG_1.mat": b"MATLAB"}
DTD = {
    **{
        f"dtd/images/{kind}/{kind}_000{n}.jpg": picture(80 + n, size=(40 + n, 40))
        for kind in ("banded",)
        for n in (1, 2)
    },
    "dtd/images/woven/woven_0001.jpg": picture(85),
    "dtd/labels/train1.txt": lines("banded/banded_0001.jpg", "woven/woven_0001.jpg"),
    "dtd/labels/test1.txt": lines("banded/banded_0002.jpg"),
    "dtd/labels/test2.txt": lines("woven/woven_0001.jpg"),
}
FACADES = {
    f"{part}/cmp_{part[0] if part == 'base' else 'x'}000{n}.{suffix}": picture(90 + n + 5 * (part == "base"), kind)
    for part in ("base", "extended")
    for n in (1, 2)
    for suffix, kind in (("jpg", "jpeg"), ("png", "png"))
} | {"base/cmp_b0001.xml": b"<object/>"}
LFW = {
    **{f"lfw/Aaron_Eckhart/Aaron_Eckhart_000{n}.jpg": picture(100 + n, size=(50, 50)) for n in (1, 2)},
    "lfw/Zoe_Ball/Zoe_Ball_0001.jpg": picture(105),
}
DIV2K = {f"DIV2K_valid_HR/080{n}.png": picture(110 + n, "png") for n in (1, 2)}
KODAK = {f"kodim{n:02d}.png": picture(120 + n, "png") for n in (1, 2, 24)}
