#!/usr/bin/env bash
# Writes what a release is handed out as, from the tag or commit that is named, into dist/:
#
#   deploy/release.sh 0.1.0
#
#   tael-0.1.0.tar.gz      the code, as it is in that commit
#   tael-0.1.0.cdx.json    its list of components (CycloneDX): every package that requirements.txt
#                          pins, with the hashes of its files
#   SHA256SUMS             the hashes of both: sha256sum --check SHA256SUMS
#
# The same commit gives the same bytes. The tool that writes the list comes from PyPI into a folder
# that is gone afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?Say which tag or commit to release: deploy/release.sh 0.1.0}
commit=$(git rev-parse --verify --quiet "v$version^{commit}" || git rev-parse --verify "$version^{commit}")
name=tael-$version
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p dist

git archive --format=tar --prefix="$name/" "$commit" | gzip --no-name --best >"dist/$name.tar.gz"

python3 -m venv "$scratch/tools"
"$scratch/tools/bin/pip" install --quiet --disable-pip-version-check cyclonedx-bom
git show "$commit:requirements.txt" >"$scratch/requirements.txt"
"$scratch/tools/bin/cyclonedx-py" requirements --output-reproducible --output-format JSON \
    --output-file "dist/$name.cdx.json" "$scratch/requirements.txt"

(cd dist && sha256sum "$name.tar.gz" "$name.cdx.json" >SHA256SUMS)
cat dist/SHA256SUMS
