# shellcheck shell=bash
# machine.sh: other releases of Debian in folders, for test/matrix and
# test/fresh.  Sourced; needs root.
#
#   machine_make NAME SUITE    a new machine, nothing on it but the base system
#   machine_has NAME           is there one from an earlier run?
#   machine_path NAME          its root folder
#   machine_run NAME COMMAND   run a shell command on it as root
#   machine_run_as NAME USER COMMAND
#                              and as a user
#   machine_remove NAME
#
# They lie in CAMPAIGN_MACHINES (default: campaign-matrix in the temporary
# folder) and are kept for the next run.  Packages come from where this machine
# itself gets its own.

CAMPAIGN_MACHINES=${CAMPAIGN_MACHINES:-${TMPDIR:-/tmp}/campaign-matrix}

if [ "$(id -u)" -ne 0 ]; then
	echo "other releases of Debian are made with debootstrap and chroot: run this as root" >&2
	exit 1
fi
if ! command -v debootstrap >/dev/null; then
	apt-get -q update </dev/null && apt-get -y -q install --no-install-recommends debootstrap </dev/null
fi
mkdir -p "$CAMPAIGN_MACHINES"

machine_path()
{
	echo "$CAMPAIGN_MACHINES/$1"
}

machine_has()
{
	[ -d "$(machine_path "$1")" ]
}

machine_remove()
{
	# Mounts live in namespaces of their own, so nothing else can be below.
	rm -rf --one-file-system "$(machine_path "$1")"
}

debian_mirror()
{
	{
		sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources
		sed -nE 's/^deb +(\[[^]]*\] *)?([^ ]+) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
	} 2>/dev/null | head -n 1
}

# The base system of a suite is fetched once and copied for each machine.
machine_base() # SUITE
{
	local base
	base=$(machine_path "base-$1")
	if [ ! -d "$base" ]; then
		rm -rf "$base.part"
		debootstrap --variant=minbase "$1" "$base.part" "$(debian_mirror)" >"$base.log" 2>&1 || {
			tail -n 20 "$base.log" >&2
			return 1
		}
		mv "$base.part" "$base"
	fi
	echo "$base"
}

machine_make() # NAME SUITE
{
	local root base
	root=$(machine_path "$1")
	base=$(machine_base "$2") || return 1
	machine_remove "$1"
	cp -a "$base" "$root"
	cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
	# However this machine reaches its packages; a mirror of sid may be behind.
	{
		apt-config dump | grep -E '^Acquire::.*[Pp]roxy' || true
		echo 'Acquire::Check-Valid-Until "false";'
	} >"$root/etc/apt/apt.conf.d/99host"
	# nothing is to start services there
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
}

# /proc and /dev are mounted in a namespace that ends with the command.  Where
# that is not allowed the device files that debootstrap made must do.
machine_run() # NAME COMMAND
{
	local root mounts='
		mount -t proc proc "$1/proc"
		mount --rbind /dev "$1/dev"
		mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"'
	local environment=(env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		TERM=dumb LANG=C DEBIAN_FRONTEND=noninteractive CI=true)
	root=$(machine_path "$1")
	if unshare --mount --propagation private true 2>/dev/null; then
		unshare --mount --propagation private sh -c "$mounts"'
			root=$1
			shift
			exec chroot "$root" "$@"' sh "$root" "${environment[@]}" sh -c "cd && $2" </dev/null
	else
		mkdir -p "$root/dev/shm"
		chmod 1777 "$root/dev/shm"
		chroot "$root" "${environment[@]}" sh -c "cd && $2" </dev/null
	fi
}

machine_run_as() # NAME USER COMMAND
{
	machine_run "$1" "exec setpriv --reuid=$2 --regid=$2 --clear-groups env HOME=/home/$2 sh -c $(printf %q "cd && $3")"
}
