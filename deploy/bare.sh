#!/usr/bin/env bash
# Runs .ci/run on a Debian made anew that has make, Python and nothing else: what the tests need and
# neither requirements.txt nor .ci/run installs is missing there.
#
#   deploy/bare.sh                                    everything, as CI does
#   deploy/bare.sh tests/billing/test_pdf_letters.py  these tests, and `make check`
#   KEEP=1 deploy/bare.sh                             leaves the file system for a look
#   SUITE=trixie deploy/bare.sh                       another Debian than this machine's own
#
# It tests the last commit, not what has changed since. It has to be root, on a Debian with mmdebstrap
# and git. How this machine reaches package servers holds within, too: apt's sources and Acquire
# settings, and pip's configuration with the certificates and folders that it names.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
if [ "$(id -u)" != 0 ]; then
    echo "Run it as root: it makes a file system and mounts." >&2
    exit 2
fi
for tool in mmdebstrap git unshare; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing: apt-get install mmdebstrap git util-linux" >&2
        exit 2
    fi
done
suite=${SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
root=$(mktemp -d "${TMPDIR:-/var/tmp}/tael-bare.XXXXXX")
settings=$(mktemp)

finish() {
    rm -f "$settings"
    if [ -n "${KEEP:-}" ]; then
        echo "The file system is in $root"
    else
        rm -rf --one-file-system "$root"
    fi
}
trap finish EXIT
# unshare itself ignores being told to end; what is in its namespaces ends with it.
trap '[ -z "${child:-}" ] || kill -KILL "$child" 2>/dev/null; exit 130' INT TERM

within() {
    unshare --mount --pid --fork --kill-child "$@" </dev/null &
    child=$!
    wait "$child"
}

# --- a file system -------------------------------------------------------------------------------

# What apt was told of proxies, certificates and the like.
apt-config dump | grep -E '^Acquire::[^ ]+ ".+";$' >"$settings" || true
# The files that name this suite; where there is none, mmdebstrap knows Debian's own servers.
sources=()
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    if [ -f "$file" ] && grep -qE "^(Suites:(.* )?|deb (\[.*\] )?[^ ]+ )$suite( |$)" "$file"; then
        sources+=("$file")
    fi
done

echo "Making Debian $suite ..."
unshare --mount mmdebstrap --quiet --variant=minbase --include=make,python3,python3-venv \
    --aptopt="$settings" "$suite" "$root" "${sources[@]}"

# --- the machine's settings ----------------------------------------------------------------------

copy() {
    mkdir -p "$root$(dirname "$1")"
    cp -aL "$1" "$root$1"
}

copy /etc/resolv.conf
copy /etc/hosts
if [ -d /usr/local/share/ca-certificates ]; then
    copy /usr/local/share/ca-certificates/.
fi
environment=(HOME="$HOME" LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
said=""
for file in /etc/pip.conf /etc/xdg/pip/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    if [ -f "$file" ]; then
        copy "$file"
        said+=" $(sed -nE 's/^[a-z-]+ *= *//p' "$file" | tr '\n' ' ')"
    fi
done
for name in $(compgen -e | grep -iE '^(PIP_[A-Z_]+|(http|https|all|no)_proxy|(SSL|REQUESTS|CURL)_[A-Z_]+)$'); do
    environment+=("$name=${!name}")
    said+=" ${!name}"
done
folders=()
for path in $said; do
    path=${path#file://}
    if [[ $path == /?*/* && -f $path ]]; then
        copy "$path"
    elif [[ $path == /?*/?*/simple && -d $path ]]; then
        folders+=("$(dirname "$path")") # an index, whose files lie beside it
    elif [[ $path == /?*/* && -d $path && $path != /etc/ssl/certs ]]; then
        folders+=("$path")
    fi
done

# --- the run -------------------------------------------------------------------------------------

git clone --quiet "$here" "$root/srv/tael"
echo "Running .ci/run of $(git -C "$here" log -1 --format='%h %s') ..."
# Mounts and processes within end with the namespaces they are in.
inside='
    set -e
    root=$1 arguments=$2
    shift 2
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    while [ "$1" != -- ]; do
        mkdir -p "$root$1"
        mount --bind "$1" "$root$1"
        shift
    done
    shift
    exec chroot "$root" env -i "$@" ARGS="$arguments" bash /srv/tael/.ci/run </dev/null
'
within bash -c "$inside" - \
    "$root" "$*" "${folders[@]}" -- "${environment[@]}"
