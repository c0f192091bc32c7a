#!/bin/sh
# Unpacks a Vulkan driver that computes on the CPU, Mesa's lavapipe, into a folder of its own.
# Nothing is installed into the system, and no rights are needed. tfisp.exporting.gpu_check finds it.
#
#   scripts/install_software_gpu.sh [FOLDER]     default: $TFISP_SOFTWARE_GPU, else in the cache
#
# For Debian 12, whose own Mesa 22 LiteRT does not accept: Mesa 25 comes from its backports. With
# Mesa 25 or newer in the system (package mesa-vulkan-drivers), this is not needed.
set -eu

folder=${1:-${TFISP_SOFTWARE_GPU:-${TFISP_CACHE:-$HOME/.cache/tfisp}/software_gpu}}
driver=usr/share/vulkan/icd.d/lvp_icd.json

fail() {
  echo "software GPU: not installed: $1" >&2
  exit 1
}

if [ -f "$folder/$driver" ]; then
  echo "software GPU: already in $folder"
  exit
fi
codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}" || true)
[ "$codename" = bookworm ] ||
  fail "this is not Debian 12; install Mesa 25 or newer in the system (mesa-vulkan-drivers)"
for program in apt-get dpkg-deb; do
  command -v $program >/dev/null || fail "there is no $program"
done

{ mkdir -p "$folder" && work=$(mktemp -d "$folder/.work.XXXXXX"); } 2>/dev/null ||
  fail "cannot write to $folder"
trap 'rm -rf "$work"; rmdir "$folder" 2>/dev/null || true' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"

# The mirror that this machine uses, as far as it has one configured.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
  grep -v security | head -n 1)
cat >"$work/debian.sources" <<END
Types: deb
URIs: ${mirror:-http://deb.debian.org/debian}
Suites: bookworm bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END

# apt with lists, cache and sources of its own. It looks at what the system has, so that it fetches
# only the libraries that are missing.
apt() {
  apt-get -qq -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
    -o Dir::Etc::SourceList="$work/debian.sources" -o Dir::Etc::SourceParts=/dev/null \
    -o APT::Update::Error-Mode=any -o Acquire::http::Timeout=20 \
    -o Debug::NoLocking=true -o APT::Sandbox::User=root "$@" >"$work/log" 2>&1 ||
    fail "apt-get: $(grep -m 1 '^[EW]:' "$work/log" || echo "status $?")"
}
apt update
apt install --yes --download-only --no-install-recommends --target-release bookworm-backports \
  mesa-vulkan-drivers libvulkan1

for package in "$work"/cache/archives/*.deb; do
  dpkg-deb --extract "$package" "$work/root" || fail "cannot unpack ${package##*/}"
done
[ -f "$work/root/$driver" ] || fail "the packages hold no $driver"
cp -a "$work/root/." "$folder/" || fail "cannot write to $folder"
echo "software GPU: in $folder"
