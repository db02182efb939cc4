#!/bin/sh
# Sets a checkout up: OS packages by apt, npm packages (Node 26 among them), the C helpers and the bundles.
# Says what it installs, skips what is there; with everything in place it takes a fraction of a second.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
PATH=$PATH:/usr/sbin:/sbin
log=.cache/setup.log
machine=$(uname -m)
mkdir -p .cache dist

say() { printf 'setup: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

# Runs a command out of sight; shows the end of what it said when it fails.
quietly() {
  "$@" >"$log" 2>&1 && return
  tail -n 40 "$log" >&2
  return 1
}

# What Barge needs of the system, as PACKAGE:PROBE. A probe is a command on the PATH or a file; what a probe finds
# is not installed again, wherever it came from.
needed="
crun:crun
runc:runc
gcc:gcc
libc6-dev:/usr/include/stdio.h
make:make
musl-tools:musl-gcc
iproute2:ip
procps:ps
nftables:nft
mmdebstrap:mmdebstrap
busybox-static:/var/lib/dpkg/info/busybox-static.md5sums
openssl:openssl
openssh-client:ssh
ca-certificates:/etc/ssl/certs/ca-certificates.crt
xz-utils:xz
zstd:zstd
isal:igzip
libatomic1:/usr/lib/$machine-linux-gnu/libatomic.so.1
"

# Containers are confined by AppArmor where the kernel has it, which takes its compiler of profiles.
[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || needed="$needed
apparmor:apparmor_parser"

is_there() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

missing_packages() {
  for entry in $needed; do
    is_there "${entry#*:}" || printf '%s ' "${entry%%:*}"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt() {
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
    -o DPkg::Lock::Timeout=300 "$@"
}

install_packages() {
  packages=$(missing_packages)
  [ -n "$packages" ] || return 0
  command -v apt-get >/dev/null || fail "no apt-get here; install these, or what contains them, by hand: $packages"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    fail "no sudo here; as root, run: apt-get install --no-install-recommends $packages"
  say "installing by apt: $packages"
  ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt update || fail 'apt-get update failed'
  # shellcheck disable=SC2086 # a list of names
  apt install --no-install-recommends $packages 2>/dev/null ||
    { say 'installing failed: refreshing the package lists'
      apt update || fail 'apt-get update failed'
      apt install --no-install-recommends $packages; } ||
    fail "apt-get could not install: $packages"
  still=$(missing_packages)
  [ -z "$still" ] || fail "installed, but still not found: $still"
}

install_modules() {
  stamp=node_modules/.barge-lock
  cmp -s package-lock.json "$stamp" && return
  say 'installing npm packages, Node 26 among them: npm ci'
  quietly npm ci --ignore-scripts --include=dev --include=optional || fail 'npm ci failed'
  cp package-lock.json "$stamp"
}

link_node() {
  case $machine in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) fail "there is no Node build for $machine among the npm packages" ;;
  esac
  node=node_modules/node-linux-$arch/bin/node
  [ -x "$node" ] || fail "$node is missing: did npm leave optional packages out?"
  [ "$(readlink dist/node || :)" = "../$node" ] || ln -sfn "../$node" dist/node
}

build_helpers() {
  make -q -C native all 2>/dev/null && return
  say 'building the C helpers: make -C native all'
  quietly make -C native all || fail 'building the C helpers failed'
}

# Directories count too: theirs is the time that a removed file changes.
bundles_are_fresh() {
  [ -e dist/.bundled ] &&
    [ -z "$(find src tools/bundle tools/bundle.ts node_modules/.barge-lock -newer dist/.bundled ! -name '*.test.ts' -print -quit)" ]
}

build_bundles() {
  bundles_are_fresh && return
  say 'bundling the three programs: tools/bundle.ts'
  : >dist/.bundling.$$
  quietly dist/node tools/bundle.ts || fail 'bundling failed'
  mv dist/.bundling.$$ dist/.bundled
}

install_packages
install_modules
link_node
build_helpers
build_bundles
say 'ready: ./barge, ./barged, ./barge-registry'
