import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.files import write_rows
from lacuna.reporting.photographs import mean_by_photograph, photographs_of


def test_origins_stand_in_the_index_beside_the_images(tmp_path):
    for folder, origins in (("paris", "aab"), ("rome", "ba")):
        (tmp_path / folder).mkdir()
        rows = [{"file": f"{i}.png", "origin": origin, "crop_left": "3"} for i, origin in enumerate(origins)]
        write_rows(tmp_path / folder / "index.csv", rows, ["file", "origin", "crop_left"])
    images = [f"{tmp_path}/{name}" for name in ("rome/0.png", "paris/1.png", "paris/2.png", "own/7.png", "rome/0.png")]
    assert photographs_of(pd.Series(images)).tolist() == ["b", "a", "b", f"{tmp_path}/own/7.png", "b"]
    with pytest.raises(LacunaError, match=r"rome/index\.csv does not know 2\.png; run the rules 'stage' and 'score'"):
        photographs_of(pd.Series([f"{tmp_path}/rome/2.png"]))


def test_means_keep_the_order_of_first_appearance():
    assert mean_by_photograph([1.0, 5.0, 3.0, 4.0], ["z", "a", "z", "a"]).tolist() == [2.0, 4.5]
