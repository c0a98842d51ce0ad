# What the scripts of this folder share: a temporary folder, pinned packages in it, a network namespace, a comparison.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# debian NAME=VERSION …: unpacks pinned Debian packages into the temporary folder and puts them first in PATH. They are
# not installed.
debian() {
	apt-get -qq -o APT::Sandbox::User=root download "$@"
	for package in ./*.deb; do dpkg-deb --extract "$package" root; done
	export PATH="$folder/root/usr/sbin:$folder/root/usr/bin:$folder/root/sbin:$folder/root/bin:$PATH"
	export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/lib/x86_64-linux-gnu"
	export XTABLES_LIBDIR="$folder/root/usr/lib/x86_64-linux-gnu/xtables"
}

# npm_packages NAME@VERSION …: installs pinned packages of the npm registry into the temporary folder, without install
# scripts.
npm_packages() {
	npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$folder" "$@" >/dev/null
}

# isolated COMMAND …: runs it in a network namespace that has nothing but its own loopback.
isolated() {
	unshare --net --mount sh -c 'mount -t tmpfs tmpfs /run; ip link set lo up; exec "$@"' sh "$@"
}

# same EXPECTED ACTUAL: succeeds, and prints what was seen, if the behaviour is still the one described.
same() {
	if diff <(printf '%s\n' "$1") <(printf '%s\n' "$2"); then
		printf '%s\n' "$2" 'As described.'
	else
		echo 'The behaviour has changed: above, lines with < were expected, lines with > were seen.' >&2
		exit 1
	fi
}
