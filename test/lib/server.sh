# shellcheck shell=bash
# server.sh: which PostgreSQL the tree is built and tested against.  Sourced.
#
# PG_CONFIG from the caller wins; otherwise the one in PATH, otherwise the
# newest supported server that Debian's folders hold with its headers.

CAMPAIGN_OLDEST_MAJOR=15
CAMPAIGN_NEWEST_MAJOR=18

major_of() # PG_CONFIG
{
	{ "$1" --version 2>/dev/null || true; } | sed -n 's/^PostgreSQL \([0-9][0-9]*\).*/\1/p'
}

major_supported() # MAJOR
{
	[ -n "$1" ] && [ "$1" -ge $CAMPAIGN_OLDEST_MAJOR ] && [ "$1" -le $CAMPAIGN_NEWEST_MAJOR ]
}

# What the distribution's own "postgresql" package stands for.  Its package
# lists know; before the first "apt-get update" only the release's name does.
distribution_major()
{
	local major codename
	major=$(apt-cache depends postgresql 2>/dev/null |
		sed -n 's/^ *Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	if [ -z "$major" ]; then
		codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null)
		case $codename in
			bookworm) major=15 ;;
			jammy) major=14 ;;
			noble) major=16 ;;
			trixie | plucky | questing) major=17 ;;
			*) major=18 ;;
		esac
	fi
	echo "$major"
}

# Sets PG_CONFIG (empty: none yet) and PG_MAJOR.
find_server()
{
	local major candidate
	if [ -n "${PG_CONFIG:-}" ]; then
		PG_MAJOR=$(major_of "$PG_CONFIG")
		# A server that is named but not installed yet: Debian's path tells.
		[ -n "$PG_MAJOR" ] ||
			PG_MAJOR=$(echo "$PG_CONFIG" | sed -n 's|^/usr/lib/postgresql/\([0-9]*\)/bin/.*|\1|p')
		[ -n "$PG_MAJOR" ] || PG_MAJOR=$(distribution_major)
		return
	fi
	PG_CONFIG=
	candidate=$(command -v pg_config || true)
	if [ -n "$candidate" ] && major_supported "$(major_of "$candidate")" &&
		[ -e "$("$candidate" --pgxs)" ]; then
		PG_CONFIG=$candidate
	else
		for ((major = CAMPAIGN_NEWEST_MAJOR; major >= CAMPAIGN_OLDEST_MAJOR; major--)); do
			candidate=/usr/lib/postgresql/$major/bin/pg_config
			if [ -x "$candidate" ] && [ -e "$("$candidate" --pgxs)" ]; then
				PG_CONFIG=$candidate
				break
			fi
		done
	fi
	if [ -n "$PG_CONFIG" ]; then
		PG_MAJOR=$(major_of "$PG_CONFIG")
	else
		PG_MAJOR=$(distribution_major)
	fi
}
