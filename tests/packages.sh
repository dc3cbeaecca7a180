#!/bin/sh
# Installs missing Debian packages as root; else prints the one line to run and stops.
set -eu
missing=""
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "Some Debian packages are missing. Run this line, then try again:"
    echo "  sudo apt-get update && sudo apt-get install --yes --no-install-recommends$missing"
    exit 1
fi
echo "Installing$missing …"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
{ apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends $missing; } >"$log" 2>&1 || { cat "$log"; exit 1; }
rm -f "$log"
