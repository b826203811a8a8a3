"""Adds mixtures of two training pictures to a tar of train/CLASS/ and test/CLASS/: mixtures.py IN.tar OUT.tar [COUNT] [SEED]

Each is mostly of one picture, whose class's folder it lies in, and partly of one of another class: blended over it, or a box
of it pasted in. For a network to learn what its teachers say of them.
"""
import io, sys, tarfile
import numpy as np
from PIL import Image

def main(source, target, count=25000, seed=1):
    rng = np.random.default_rng(int(seed))
    pictures = {}
    with tarfile.open(source) as tar, tarfile.open(target, "w") as out:
        for member in tar:
            data = tar.extractfile(member).read() if member.isfile() else None
            out.addfile(member, io.BytesIO(data) if data is not None else None)
            part = member.name.split("/")
            if data is not None and part[0] == "train":
                pictures.setdefault(part[1], []).append(np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32))
        classes = sorted(pictures)
        for i in range(int(count)):
            a = i % len(classes)
            b = (a + 1 + rng.integers(len(classes) - 1)) % len(classes)
            x, y = (pictures[classes[c]][rng.integers(len(pictures[classes[c]]))] for c in (a, b))
            if rng.random() < 0.5:
                share = rng.uniform(0.6, 0.9)
                mix = share * x + (1 - share) * y
            else:
                height, width = x.shape[:2]
                share, aspect = rng.uniform(0.1, 0.4), np.exp(rng.uniform(-0.5, 0.5))
                h = min(height, round(np.sqrt(share * aspect) * height))
                w = min(width, round(np.sqrt(share / aspect) * width))
                top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
                mix = x.copy()
                mix[top:top + h, left:left + w] = y[top:top + h, left:left + w]
            png = io.BytesIO()
            Image.fromarray(np.rint(mix).astype(np.uint8)).save(png, "PNG")
            info = tarfile.TarInfo(f"train/{classes[a]}/mix{i:05d}.png")
            info.size = png.tell()
            png.seek(0)
            out.addfile(info, png)

main(*sys.argv[1:])
