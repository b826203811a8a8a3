#!/usr/bin/python3
"""Draws data/readme.svg: what `fovea classify` says of a photo, and which patches its class token saw.

usage: readme_picture.py FOVEA MODEL_FOLDER PHOTO >data/readme.svg     needs Debian's python3-numpy and python3-pil

The photo itself is not in the picture: each cell is one patch, bright where the attention rollout is high.
MODEL_FOLDER is a timm ViT whose recipe is: shorter side to 248, bicubic, centre crop 224, ImageNet mean.
"""
import html
import json
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image


def pixel_values(path):
    image = Image.open(path).convert("RGB")
    scale = 248 / min(image.size)
    image = image.resize((int(image.width * scale), int(image.height * scale)), Image.BICUBIC)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
    x = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255
    x = (x - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None])


def write_safetensors(path, name, array):
    header = json.dumps({name: {"dtype": "F32", "shape": array.shape, "data_offsets": [0, array.nbytes]}}).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header + array.tobytes())


def read_safetensors(path, name):
    data = open(path, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    entry = json.loads(data[8:8 + length])[name]
    begin, end = (8 + length + offset for offset in entry["data_offsets"])
    return np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])


def rollout(layers):
    """Abnar & Zuidema 2020: attention with its residual, through all layers, to the class token."""
    total = np.eye(layers[0].shape[-1])
    for weights in layers:
        total = (0.5 * weights.max(0) / weights.max(0).sum(-1, keepdims=True) + 0.5 * np.eye(len(total))) @ total
    heat = total[0, 1:].reshape(14, 14)
    return np.clip((heat - heat.min()) / (np.percentile(heat, 98) - heat.min()), 0, 1)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    fovea, model, photo = sys.argv[1:]
    labels = json.loads(subprocess.check_output([fovea, "classify", photo, "-m", model, "--json"]))["labels"]
    with tempfile.TemporaryDirectory() as folder:
        write_safetensors(f"{folder}/in.safetensors", "pixel_values", pixel_values(photo))
        subprocess.run([fovea, "run", "-m", model, "--input", f"{folder}/in.safetensors", "--output",
                        f"{folder}/out.safetensors", "--all"], check=True, stdout=subprocess.DEVNULL)
        heat = rollout([read_safetensors(f"{folder}/out.safetensors", f"attentions.{i}")[0] for i in range(12)])

    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 252" font-family="sans-serif" font-size="14">',
           '<rect width="640" height="252" fill="#ffffff"/>']
    dark, bright = np.array([13, 8, 60]), np.array([253, 231, 37])
    for y, row in enumerate(heat):
        for x, value in enumerate(row):
            r, g, b = (dark + (bright - dark) * float(value) ).astype(int)
            out.append(f'<rect x="{14 + 16 * x}" y="{14 + 16 * y}" width="16" height="16" fill="#{r:02x}{g:02x}{b:02x}"/>')
    for i, label in enumerate(labels):
        y = 40 + 42 * i
        out.append(f'<text x="262" y="{y}" fill="#222222">{html.escape(label["label"])}</text>')
        out.append(f'<rect x="262" y="{y + 6}" width="{300 * label["score"]:.1f}" height="12" fill="#3b528b"/>')
        out.append(f'<text x="{270 + 300 * label["score"]:.1f}" y="{y + 17}" fill="#222222">{label["score"]:.4f}</text>')
    print("\n".join(out + ["</svg>"]))


if __name__ == "__main__":
    main()
