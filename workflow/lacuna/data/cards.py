"""What is known of a published data set: who made it, on what terms, and which files it consists of.

Only the standard library is used: the plan asks at every start of Snakemake.
"""

from dataclasses import dataclass

UNKNOWN = "not stated by its authors"


@dataclass(frozen=True, kw_only=True)
class File:
    """One file, as the authors publish it.

    urls: where anybody gets it, mirrors after the first; none where a person has to ask for it, log in or accept terms.
    checksum: SHA-256 or MD5 in hexadecimal, told by its length; empty where none is published: then the first copy
    that comes is believed and its SHA-256 written down. ask: for a person, where it is had and how, as the end of a
    sentence; needed without `urls`.
    """

    name: str
    urls: tuple[str, ...] = ()
    checksum: str = ""
    ask: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A data set.

    n: pictures in all. processed: what its authors did to the pictures. terms: what the pictures may be used for.
    publish: whether pictures and results on them may be shown. licence: in the authors' words, or `UNKNOWN`.
    """

    name: str
    title: str
    page: str
    paper: str
    licence: str
    terms: str
    publish: str
    processed: str
    n: int
    files: tuple[File, ...]

    def facts(self) -> dict:
        """For the card of an image set, and the report."""
        known = [file for file in self.files if file.checksum]
        return {
            "title": self.title,
            "origin": self.page,
            "paper": self.paper,
            "licence": self.licence,
            "terms": self.terms,
            "publish": self.publish,
            "processed": self.processed,
            "n": self.n,
            "checksums": f"{len(known)} of {len(self.files)} files have a published checksum",
        }

    def file(self, name: str) -> File:
        """The file of this name."""
        return next(file for file in self.files if file.name == name)
