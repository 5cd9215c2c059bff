# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by ./run, ./test and ./bench: installs Debian packages that are missing, and builds.

say() {
	printf '%s\n' "$*" >&2
}

# The names in package lists, without comments.
listed_packages() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@"
}

missing_packages() {
	local name
	for name in $(listed_packages "$@"); do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
			printf '%s\n' "$name"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
}

# Services of packages that are only needed as tools must not start: while this file says 101, no
# maintainer script starts any. One that stands there already is left as it is.
policy=/usr/sbin/policy-rc.d

# install_quietly NAME...: runs in a subshell, so that the policy goes when it ends, however it ends.
install_quietly() (
	if [ ! -e "$policy" ]; then
		trap 'as_root rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
	fi
	# Package lists may be absent or too old for the mirror: refresh them only then.
	apt_install "$@" >/dev/null 2>&1 || { as_root apt-get update -qq && apt_install "$@" >&2; }
)

# need_packages LIST...: make sure that all packages of the lists are installed.
need_packages() {
	local missing
	if ! command -v dpkg-query >/dev/null; then
		say "This is not Debian: please install what $* name yourself."
		return 0
	fi
	missing=$(missing_packages "$@")
	[ -z "$missing" ] && return 0
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		say "Missing packages; as root, please run: apt-get install --no-install-recommends" $missing
		return 1
	fi
	say "Installing" $missing
	install_quietly $missing || { say "apt-get could not install all of:" $missing; return 1; }
}

# configured DIR OPTION...: set up a meson build folder once; change of options sets it up anew.
configured() {
	local dir=$1
	shift
	if [ -f "$dir/build.ninja" ] && [ "$(cat "$dir/.options" 2>/dev/null)" = "$*" ]; then
		return 0
	fi
	mkdir -p "$dir"
	if [ -f "$dir/build.ninja" ]; then
		meson setup --wipe "$dir" "$@" >"$dir/.setup.log" 2>&1
	else
		meson setup "$dir" "$@" >"$dir/.setup.log" 2>&1
	fi || { cat "$dir/.setup.log" >&2; return 1; }
	printf '%s' "$*" >"$dir/.options"
}

# built DIR TARGET...: compile quietly; show everything when it fails.
built() {
	local dir=$1 log
	shift
	log=$(mktemp)
	if ! ninja -C "$dir" "$@" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
