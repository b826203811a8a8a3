#!/usr/bin/env bash
# Unpacks the CC0 photos of Debian's python3-skimage package (a cat, an astronaut, a cup of coffee, ...) without
# installing it, and prints their folder. usage: photos.sh FOLDER
set -euo pipefail
mkdir -p "$1"
cd "$1"
if [ ! -e chelsea.png ]; then
  apt-get download -q python3-skimage >&2 || { echo "photos: cannot download python3-skimage; try apt-get update" >&2; exit 1; }
  dpkg-deb -x python3-skimage_*.deb package
  find package -path '*skimage/data/*' \( -name '*.png' -o -name '*.jpg' \) -exec cp {} . \;
  rm -rf package python3-skimage_*.deb
fi
pwd
