"""Objects that can be cut out of photographs inside installed packages: their outlines.

An outline holds for one picture alone, so the picture is known by its hash. Outlines are our own: GrabCut of OpenCV
(Rother, Kolmogorov and Blake, 2004) from rectangles and ellipses set by hand (Otsu's threshold for the coin), holes
closed, the largest piece, simplified to 1.5 pixels. They are stored and not found anew, so that every machine cuts the
same.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lacuna.data.packages import package_file
from lacuna.errors import LacunaError
from lacuna.files import sha256_of

if TYPE_CHECKING:
    from PIL import Image

_SOFT = 1.0  # pixels of the photograph: deviation of the Gaussian over the edge


@dataclass(frozen=True)
class Cutout:
    """An object in a photograph."""

    photograph: str
    """`package:path`."""
    sha256: str
    """Of the photograph's file."""
    outline: str
    """Its corners `x,y` in pixels of the photograph."""

    def corners(self) -> list[tuple[int, int]]:
        """The corners as numbers."""
        pairs = (corner.split(",") for corner in self.outline.split())
        return [(int(x), int(y)) for x, y in pairs]


@cache
def cut_out(name: str) -> "Image.Image":
    """The object as RGBA, cut to what it covers with its soft edge. Errors: a `LacunaError` for another file."""
    from PIL import Image, ImageDraw, ImageFilter

    cutout = CUTOUTS[name]
    path = package_file(cutout.photograph).path
    if sha256_of(path) != cutout.sha256:
        raise LacunaError(
            f"{cutout.photograph} is not the picture that the outline of the {name} was drawn on; install the pinned "
            f"version of its package, or leave '{name}' out of the cutouts"
        )
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    alpha = Image.new("L", image.size)
    ImageDraw.Draw(alpha).polygon(cutout.corners(), fill=255)
    image.putalpha(alpha.filter(ImageFilter.GaussianBlur(_SOFT)))
    return image.crop(image.getchannel("A").getbbox())


CUTOUTS = {
    "astronaut": Cutout(
        "skimage:data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "251,19 241,16 224,15 207,20 156,58 153,68 155,98 157,104 170,117 174,128 182,134 183,146 186,152 "
        "186,164 182,167 169,168 158,172 138,192 132,188 132,181 126,181 125,202 121,205 115,201 107,211 "
        "90,227 76,235 62,250 44,282 39,306 34,315 26,342 26,366 20,386 20,415 24,432 23,460 26,484 30,495 "
        "37,502 41,511 65,511 71,505 77,507 87,503 93,504 102,511 110,502 119,497 125,504 134,499 139,494 "
        "135,489 137,485 144,482 157,481 164,477 171,477 179,481 191,480 195,483 197,498 192,507 193,511 "
        "225,511 228,508 226,504 225,478 238,467 246,475 251,474 255,470 259,473 260,477 264,477 264,431 "
        "268,428 273,431 274,454 278,454 282,433 292,411 293,400 298,391 329,362 363,349 359,338 362,330 "
        "357,323 356,302 352,287 346,279 340,262 319,243 303,233 299,219 292,207 276,189 261,177 256,166 "
        "257,160 264,149 266,139 275,134 294,111 300,92 300,81 296,58 286,40 276,31",
    ),
    "cat": Cutout(
        "skimage:data/chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        "344,112 336,110 316,112 309,104 311,96 305,74 300,66 293,66 287,61 278,65 277,69 270,73 262,68 "
        "260,62 245,54 241,50 241,45 231,35 225,39 218,40 217,45 212,51 202,55 193,64 186,63 172,67 156,63 "
        "149,68 121,70 110,76 104,76 95,82 89,81 79,84 76,88 75,99 63,115 54,118 52,124 47,129 52,180 60,188 "
        "60,212 94,213 100,217 100,231 110,233 117,246 123,248 131,245 142,256 148,256 160,251 169,256 "
        "186,254 196,258 206,257 215,263 225,262 228,264 240,257 248,256 254,264 259,265 266,261 279,246 "
        "294,234 308,226 309,206 315,197 317,187 330,178 330,172 336,166 334,157 342,143",
    ),
    "coin": Cutout(
        "skimage:data/coins.png",
        "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba",
        "329,16 321,19 310,28 305,40 306,50 311,60 317,66 331,71 343,70 351,67 359,60 357,54 363,48 353,27 "
        "353,22 348,21 344,17",
    ),
    "cup": Cutout(
        "skimage:data/coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        "262,19 234,27 209,41 184,67 147,86 129,100 107,123 88,152 78,186 76,206 77,248 81,252 95,287 114,315 "
        "134,335 169,360 207,377 247,387 297,390 332,386 351,381 398,358 422,341 447,316 464,290 472,270 "
        "477,240 479,238 477,202 472,195 465,169 461,165 461,161 451,143 416,109 417,99 423,82 423,75 419,70 "
        "413,67 405,67 395,71 364,41 342,29 325,23 299,18",
    ),
    "flower": Cutout(
        "sklearn:datasets/images/flower.jpg",
        "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
        "319,85 310,85 300,90 292,91 280,98 261,96 249,99 228,114 216,115 207,124 205,134 194,139 188,149 "
        "188,165 190,170 188,184 191,194 186,201 185,210 189,219 200,229 200,232 194,237 191,243 191,254 "
        "180,269 180,278 184,282 186,293 197,304 200,313 208,322 227,326 235,340 245,349 260,350 265,348 "
        "290,359 305,359 312,356 320,358 335,357 349,350 355,350 370,344 383,334 397,330 406,320 408,309 "
        "416,302 417,296 426,287 430,273 434,269 437,254 443,244 443,230 445,226 445,212 442,208 440,196 "
        "431,183 432,166 428,158 427,149 422,141 411,132 409,124 400,115 387,112 383,105 372,99 359,98 347,92 "
        "334,93",
    ),
    "motorcycle": Cutout(
        "skimage:data/motorcycle_left.png",
        "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
        "651,353 651,345 645,340 645,337 648,335 648,329 638,313 638,309 643,301 628,287 627,276 617,275 "
        "611,270 617,185 552,180 550,176 554,167 558,164 564,164 563,140 551,126 538,119 535,109 522,96 "
        "517,98 511,95 503,100 503,108 497,113 483,110 437,109 434,113 438,120 433,126 421,119 408,127 "
        "402,128 398,132 389,132 385,138 377,141 365,141 356,134 340,141 339,187 331,192 313,194 308,197 "
        "291,195 267,185 248,168 239,171 234,169 202,170 172,158 162,163 159,162 149,168 141,162 138,163 "
        "139,173 143,178 141,182 142,190 132,196 124,194 108,195 94,201 92,217 98,222 108,224 111,227 111,231 "
        "101,240 99,253 101,264 91,270 88,288 99,293 121,315 122,327 128,346 143,369 158,383 183,396 189,394 "
        "219,395 232,391 249,381 270,354 282,360 289,359 330,370 375,378 391,371 418,367 440,356 458,339 "
        "465,323 474,318 474,311 478,302 478,291 483,281 490,275 500,278 505,285 513,288 521,283 523,284 "
        "527,293 535,301 536,309 531,314 528,324 530,353 547,387 567,408 570,406 578,409 586,406 590,408 "
        "593,406 602,407 612,400 616,386 642,385 646,383 640,364 641,358",
    ),
    "rocket": Cutout(
        "skimage:data/rocket.jpg",
        "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
        "313,153 311,154 310,183 314,188 314,202 310,205 309,264 311,272 312,332 311,351 308,354 308,360 "
        "313,363 313,376 326,378 330,376 330,252 334,246 334,209 330,206 330,189 334,183 332,179 333,154 "
        "317,155",
    ),
}
