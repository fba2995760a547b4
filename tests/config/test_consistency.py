"""What keys say together, and what only the machine can say: installed packages."""

from copy import deepcopy

import pytest

from lacuna.config import validate
from lacuna.data.image_sources.package import photographs_of_packages
from lacuna.errors import LacunaError
from tests.config.bad_inputs import default


def config(**changes) -> dict:
    return {**deepcopy(default()), **changes}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"image_size": [400, 175], "metrics": ["psnr", "ms_ssim"]},
            "MS-SSIM .* 176×176 pixels, but these are 400×175",
        ),
        ({"image_size": [30, 64], "metrics": ["lpips_alex"]}, "at least 31×31 pixels, but these are 30×64"),
        ({"image_size": 8192, "training": {"batch_size": 64}}, "training.batch_size is 64 at 8192x8192"),
        (
            {"image_size": 8192, "systems": {"madf": {"training": {"batch_size": 99}}}},
            "systems.madf.training.batch_size is 99",
        ),
        (
            {
                "mask_sets": {
                    **default()["mask_sets"],
                    "m": {"kind": "boxes", "count": 3, "bins": 1000, "coverage": [0, 0.1]},
                }
            },
            "mask_sets.m asks for coverage in 0.0000-0.0001",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, sentence):
    with pytest.raises(LacunaError, match=sentence):
        validate(config(**changes))


def test_the_smallest_images_that_a_metric_takes_are_taken():
    validate(config(image_size=[400, 176], metrics=["ms_ssim"]))
    validate(config(image_size=[31, 64], metrics=["lpips_alex"], training={"batch_size": 4096}))


def image_set(spec: str) -> dict:
    return config(image_sets={**default()["image_sets"], "mine": {"kind": "package", "images": [spec]}})


def test_a_folder_of_the_working_directory_is_no_package_and_none_of_its_code_runs(tmp_path, monkeypatch):
    for name in ("toy_package_here", "skimage"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("open('ran', 'w')\n")
        (tmp_path / name / "here.png").write_bytes(b"picture")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    with pytest.raises(LacunaError, match="'toy_package_here:here.png' is in a package that is not installed"):
        validate(image_set("toy_package_here:here.png"))
    with pytest.raises(LacunaError, match="skimage holds no file here.png"):
        validate(image_set("skimage:here.png"))
    validate(image_set("skimage:data/coffee.png"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("path", ["{outside}", "../outside.png", "link.png"])
def test_no_path_leads_out_of_a_package(tmp_path, monkeypatch, path):
    package = tmp_path / "place" / "toy_package_there"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    outside = tmp_path / "place" / "outside.png"
    outside.write_bytes(b"picture")
    (package / "link.png").symlink_to(outside)
    (package / "inside.png").write_bytes(b"picture")
    monkeypatch.syspath_prepend(tmp_path / "place")
    validate(image_set("toy_package_there:inside.png"))
    spec = f"toy_package_there:{path.format(outside=outside)}"
    with pytest.raises(LacunaError, match="leads out of its package"):
        validate(image_set(spec))
    with pytest.raises(LacunaError, match="leads out of its package"):
        photographs_of_packages([spec])
