"""Print what an image installs: `python image_lock.py LOCK cuda`, or `cpu` for requirements.lock without CUDA.

Wheels of PyTorch on x86-64 Linux load CUDA's libraries, so for `cpu` it is left out as well, with what is built on it;
`python image_lock.py LOCK cpu torch` prints those two, to be installed from PyTorch's index of wheels for the CPU.
"""

import re
import sys
from pathlib import Path

PYTORCH = ("torch", "torchvision")
CUDA = re.compile(r"(nvidia-(?!ml-py)|cuda-|triton|onnxruntime-gpu)")


def locked(text: str, kind: str, part: str = "") -> str:
    """The requirements of a kind of image, with their hashes; those of PyTorch without, as they come from elsewhere."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    if part == "torch":
        return "".join(f"{block.split()[0]}\n" for block in blocks if name_of(block) in PYTORCH)
    if kind == "cpu":
        blocks = [block for block in blocks if name_of(block) not in PYTORCH and not CUDA.match(block)]
        # on x86-64 its place is otherwise taken by onnxruntime-gpu
        blocks = [
            re.sub(r" ;.*", " \\\\", each, count=1) if name_of(each) == "onnxruntime" else each for each in blocks
        ]
    return "\n".join(blocks) + "\n"


def name_of(block: str) -> str:
    return block.partition("==")[0]


if __name__ == "__main__":
    print(locked(Path(sys.argv[1]).read_text(), *sys.argv[2:]), end="")
