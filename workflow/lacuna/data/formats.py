"""Which files are pictures: the formats that Pillow decodes by itself, and how their files are called.

Only the standard library is used: the plan asks at every start of Snakemake.
"""

from pathlib import Path

# Pillow's name of each format → its suffixes. Left out is what Pillow gives to another program or only recognises:
# EPS (starts Ghostscript), WMF, BUFR, GRIB, HDF5, MPEG, and SPIDER and IPTC, which are known by no sign of their own.
# A file of several JPEGs (MPO) is opened as JPEG.
SUFFIXES_OF = {
    "AVIF": (".avif", ".avifs"),
    "BLP": (".blp",),
    "BMP": (".bmp",),
    "CUR": (".cur",),
    "DCX": (".dcx",),
    "DDS": (".dds",),
    "DIB": (".dib",),
    "FITS": (".fit", ".fits"),
    "FLI": (".flc", ".fli"),
    "FTEX": (".ftc", ".ftu"),
    "GBR": (".gbr",),
    "GIF": (".gif",),
    "ICNS": (".icns",),
    "ICO": (".ico",),
    "IM": (".im",),
    "JPEG": (".jfif", ".jif", ".jpe", ".jpeg", ".jpg", ".mpo"),
    "JPEG2000": (".j2c", ".j2k", ".jp2", ".jpc", ".jpf", ".jpx"),
    "MSP": (".msp",),
    "PCD": (".pcd",),
    "PCX": (".pcx",),
    "PIXAR": (".pxr",),
    "PNG": (".apng", ".png"),
    "PPM": (".pbm", ".pfm", ".pgm", ".pnm", ".ppm"),
    "PSD": (".psd",),
    "QOI": (".qoi",),
    "SGI": (".bw", ".rgb", ".rgba", ".sgi"),
    "SUN": (".ras",),
    "TGA": (".icb", ".tga", ".vda", ".vst"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "XBM": (".xbm",),
    "XPM": (".xpm",),
}
# What telephones write; read by the package pillow-heif, where it is installed.
HEIF_SUFFIXES = (".heic", ".heics", ".heif", ".heifs", ".hif")
FORMATS = tuple(SUFFIXES_OF)
"""For `Image.open(…, formats=FORMATS)`, with which no other decoder is tried whatever a file holds."""

SUFFIXES = frozenset(suffix for suffixes in (*SUFFIXES_OF.values(), HEIF_SUFFIXES) for suffix in suffixes)
"""In lower case."""

# How a file of the widespread formats begins; a file without suffix is a picture if it begins so.
_BEGINNINGS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\0\0\0\x0cjP  \r\n",
    b"\xff\x4f\xff\x51",
    b"DDS ",
    b"qoif",
    b"8BPS",
)


def is_heif(start: bytes) -> bool:
    """Whether a file that begins so is HEIF or HEIC (ISO/IEC 23008-12: the brands of single pictures)."""
    return start[4:8] == b"ftyp" and start[8:12] in (b"heic", b"heix", b"mif1")


def is_picture(path: Path) -> bool:
    """Whether a file is one by its suffix, in capitals too, or without any suffix by how it begins."""
    if path.suffix:
        return path.suffix.lower() in SUFFIXES
    try:
        with path.open("rb") as stream:
            start = stream.read(12)
    except OSError:
        return False
    if start.startswith(_BEGINNINGS) or is_heif(start):
        return True
    return (start[:4] == b"RIFF" and start[8:] == b"WEBP") or start[4:] == b"ftypavif"
