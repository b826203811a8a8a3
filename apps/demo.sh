#!/usr/bin/env bash
# The main job on a fresh machine: builds Fovea and classifies the CC0 photos of Debian's python3-skimage package, with
# the classifier that comes with Fovea or with a checkpoint of yours. usage: apps/demo.sh [MODEL_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build
cmake --preset release >build/demo.log 2>&1 && cmake --build --preset release --target fovea >>build/demo.log 2>&1 || {
  tail -n 30 build/demo.log >&2
  exit 1
}
photos=$(bash apps/photos.sh build/photos)
fovea=$PWD/build/release/apps/fovea
model=()
[ -z "${1:-}" ] || model=(-m "$(realpath "$1")")
cd "$photos"
echo "\$ fovea classify chelsea.png rocket.jpg astronaut.png${1:+ -m $1}"
"$fovea" classify chelsea.png rocket.jpg astronaut.png "${model[@]}"
