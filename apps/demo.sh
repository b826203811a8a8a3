#!/usr/bin/env bash
# The main job on a fresh machine: builds Fovea and classifies the CC0 photos of Debian's python3-skimage package.
# usage: apps/demo.sh MODEL_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
model=${1:-}

if [ -z "$model" ]; then
  cat >&2 <<'TEXT'
demo: which model? Fovea reads public checkpoints as they are. Give a folder with config.json and model.safetensors:
    make demo MODEL=path/to/folder
for example the files of https://huggingface.co/google/vit-base-patch16-224, or of a timm ViT or DeiT.
TEXT
  exit 2
fi

mkdir -p build
cmake --preset release >build/demo.log 2>&1 && cmake --build --preset release --target fovea >>build/demo.log 2>&1 || {
  tail -n 30 build/demo.log >&2
  exit 1
}
photos=$(bash apps/photos.sh build/photos)
echo "\$ fovea classify chelsea.png astronaut.png coffee.png -m $model"
build/release/apps/fovea classify "$photos"/{chelsea,astronaut,coffee}.png -m "$model"
