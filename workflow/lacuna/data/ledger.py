"""What is known of an image set while it is made: on disk, so that memory does not grow and a killed job goes on.

One SQLite file beside the set's folder, gone when the set is finished. Every image that is stored is in it with its
hash, so that what a killed job left is used as far as it is whole.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from lacuna.data.crops import Crop
from lacuna.data.origins import Origin, PassedOver
from lacuna.files import sha256_of

_TABLES = """
create table if not exists job (identity text);
create table if not exists origin (sort text, name text, sha256 text unique, place text, path text);
create table if not exists passed (name text, reason text);
create table if not exists unreadable (name text, reason text);
create table if not exists transparent (name text);
create table if not exists image (
    position integer primary key, file text, origin text, origin_sha256 text, number integer, transparent integer,
    crop_left integer, crop_top integer, crop_width integer, crop_height integer, sha256 text
);
create index if not exists of_origin on image (origin_sha256, number);
"""


class Ledger:
    """identity: of all that decides the images. A file of another identity is begun anew."""

    def __init__(self, path: Path, identity: str):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()
        try:
            self._db.executescript(_TABLES)
            found = self._db.execute("select identity from job").fetchone()
        except sqlite3.DatabaseError:  # killed while it was begun, or somebody else's
            found = ("",)
        self.goes_on = found == (identity,)
        if not self.goes_on:
            self._db.close()
            path.unlink()
            self._open()
            self._db.executescript(_TABLES)
            self._db.execute("insert into job values (?)", (identity,))
            self._db.commit()

    def _open(self) -> None:
        # threads of one process take turns, and a power cut costs no more than the images since the last commit
        self._db = sqlite3.connect(self.path, check_same_thread=False)
        self._db.execute("pragma synchronous = normal")
        self._db.execute("pragma cache_size = -2000")

    def take_down(self, found: Iterable[tuple[str, Origin | PassedOver]]) -> tuple[int, set[Path]]:
        """Take down what a source lists, each with its sort key: how many photographs, and the folders they lie in.

        Of equal contents the first counts.
        """
        for table in ("origin", "passed", "unreadable"):
            self._db.execute(f"delete from {table}")
        number, folders = 0, set[Path]()
        for sort, each in found:
            if isinstance(each, PassedOver):
                self._db.execute("insert into passed values (?, ?)", (_text(each.name), each.reason))
                continue
            number += 1
            folders.add(each.path.parent)
            values = (sort, _text(each.name), each.sha256, _text(each.place), _text(str(each.path)))
            self._db.execute("insert or ignore into origin values (?, ?, ?, ?, ?)", values)
        self._db.execute("create index if not exists sorted on origin (sort)")
        self._db.commit()
        return number, folders

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return self._db.execute(f"select count(*) from {table}").fetchone()[0]

    def origins(self) -> Iterator[Origin]:
        """The different photographs, in order."""
        query = "select name, sha256, place, path from origin order by sort, rowid"
        for name, sha256, place, path in self._db.execute(query):
            yield Origin(_name(name), sha256, _name(place), Path(_name(path)))

    def origin(self, sha256: str) -> Origin:
        """The photograph of a content."""
        query = "select name, sha256, place, path from origin where sha256 = ?"
        name, sha256, place, path = self._db.execute(query, (sha256,)).fetchone()
        return Origin(_name(name), sha256, _name(place), Path(_name(path)))

    def add(self, position: int, number: int, origin: Origin, file: str, crop: Crop, transparent: bool, sha256: str):
        """Take down an image that is stored. number: which of its photograph's images."""
        values = (position, file, _text(origin.name), origin.sha256, number, transparent, *crop, sha256)
        self._db.execute("insert or replace into image values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def stored(self, position: int, number: int, origin: Origin, folder: Path) -> bool:
        """Whether this image is there, whole, since before."""
        query = "select file, sha256 from image where position = ? and number = ? and origin_sha256 = ?"
        found = self._db.execute(query, (position, number, origin.sha256)).fetchone()
        return found is not None and (folder / found[0]).is_file() and sha256_of(folder / found[0]) == found[1]

    def mark_unreadable(self, origin: Origin, reason: str) -> None:
        """Take down that a photograph cannot be read."""
        self._db.execute("insert into unreadable values (?, ?)", (_text(origin.name), reason))

    def passed_over(self) -> Iterator[tuple[str, str]]:
        """Name and reason of the files that are no photographs."""
        for name, reason in self._db.execute("select name, reason from passed"):
            yield _name(name), reason

    def unreadable(self) -> Iterator[tuple[str, str]]:
        """Name and reason of the photographs that cannot be read."""
        for name, reason in self._db.execute("select name, reason from unreadable"):
            yield _name(name), reason

    def images(self, most: int) -> Iterator[dict]:
        """The first images, in their order: a row of the index each."""
        columns = "file, origin, origin_sha256, crop_left, crop_top, crop_width, crop_height, sha256"
        for row in self._db.execute(f"select {columns} from image where position < ? order by position", (most,)):
            yield dict(zip(columns.split(", "), (row[0], _name(row[1]), *row[2:]), strict=True))

    def facts(self, width: int) -> tuple[int, int, int]:
        """Of the images: how many, of how many photographs, and how many are narrower than `width` pixels."""
        query = "select count(*), count(distinct origin_sha256), coalesce(sum(crop_width < ?), 0) from image"
        return self._db.execute(query, (width,)).fetchone()

    def transparent(self) -> tuple[int, list[str]]:
        """How many photographs have pixels that are not opaque, and the first few names."""
        where = "from image where transparent and number = 0"
        some = self._db.execute(f"select origin {where} order by position limit 5").fetchall()
        return self._db.execute(f"select count(*) {where}").fetchone()[0], [_name(name) for (name,) in some]

    def first_images(self, most: int) -> Iterator[str]:
        """The contents of the photographs that are used, in the order of their first images."""
        query = "select origin_sha256 from image where position < ? order by position"
        yield from (sha256 for (sha256,) in self._db.execute(query, (most,)))

    def cut(self, most: int) -> list[str]:
        """Forget images beyond the first ones, which a longer set that was killed has left: their files."""
        files = [file for (file,) in self._db.execute("select file from image where position >= ?", (most,))]
        self._db.execute("delete from image where position >= ?", (most,))
        return files

    def commit(self) -> None:
        """Make what was taken down last."""
        self._db.commit()

    def close(self, remove: bool = False) -> None:
        """remove: the set is finished, and nothing goes on from here."""
        self._db.commit()
        self._db.close()
        if remove:
            self.path.unlink()


def _text(name: str) -> str:
    """A name that may not be UTF-8, as SQLite can hold it."""
    return name.encode("utf-8", "surrogateescape").decode("latin-1")


def _name(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "surrogateescape")
