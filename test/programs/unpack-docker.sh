#!/usr/bin/env bash
# Puts a docker daemon and the plugin `docker compose` into a folder, out of Debian's packages. Nothing is installed and
# nothing starts by itself: packages are fetched as apt has been told to, and unpacked. Debian 12 has no package of the plugin,
# so all but runc is of Debian 13, which runs on the C library of Debian 12 as well.
# Usage: unpack-docker.sh FOLDER
set -euo pipefail
root=$1
[ -x "$root/usr/sbin/dockerd" ] && exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"

archive=$(apt-get indextargets --format '$(SITE) $(REPO_URI)' 'Created-By: Packages' | awk '$2 ~ /debian\/?$/ { print $2; exit }')
[ -n "$archive" ] || { echo 'apt knows no archive of Debian' >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive trixie main" > "$work/sources.list"
trixie=(-o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
apt-get "${trixie[@]}" update -qq
cd "$work/debs"
apt-get "${trixie[@]}" download -qq docker.io docker-cli docker-compose containerd
apt-get -o APT::Sandbox::User=root download -qq runc
for package in *.deb; do dpkg -x "$package" "$work/root"; done
mkdir -p "$(dirname "$root")"
mv -T "$work/root" "$root"
