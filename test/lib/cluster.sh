# shellcheck shell=bash
# cluster.sh: private clusters for scripts that test/lib/stage runs.  Sourced
# by bash scripts.
#
#   cluster_start NAME [SETTING...]   make and start a cluster, and use it;
#                                     a SETTING is a line of postgresql.conf
#   cluster_use NAME                  point PGHOST and PGPORT at it
#   cluster_stop NAME [MODE]          stop it (fast, or immediate, smart)
#   cluster_restart NAME              start it again after a stop or a crash
#   cluster_data NAME                 print its data folder
#   cluster_log NAME                  print the path of its log
#   campaign_database NAME            make a database with the extension in it
#                                     on the cluster in use, and use it
#   sql [PSQL ARGUMENT...]            psql that stops at the first error
#
# A cluster listens on a socket of its own folder only, so that neither ports
# nor clusters of the machine matter.  Its superuser is "postgres", without a
# password.  test/lib/stage stops and removes what is left at the end.

: "${CAMPAIGN_SCRATCH:?run this through test/lib/stage (make check, make demo, make bench)}"

cluster_data()
{
	echo "$CAMPAIGN_SCRATCH/$1/data"
}

cluster_log()
{
	echo "$CAMPAIGN_SCRATCH/$1/log"
}

cluster_use()
{
	export PGHOST=$CAMPAIGN_SCRATCH/$1 PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

cluster_restart()
{
	pg_ctl start -s -w -t "${PGCTLTIMEOUT:-120}" -p "$PG_BINDIR/postgres" -D "$(cluster_data "$1")" -l "$(cluster_log "$1")" >/dev/null || {
		tail -n 50 "$(cluster_log "$1")" >&2
		return 1
	}
	cluster_use "$1"
}

cluster_start()
{
	local name=$1 data
	shift
	data=$(cluster_data "$name")
	mkdir -p "$CAMPAIGN_SCRATCH/$name"
	initdb -D "$data" -U postgres -A trust -E UTF8 --no-locale -N >"$CAMPAIGN_SCRATCH/$name/initdb.log"
	{
		cat "$TEMP_CONFIG"
		echo "unix_socket_directories = '$CAMPAIGN_SCRATCH/$name'"
		echo "port = 5432"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >>"$data/postgresql.conf"
	cluster_restart "$name"
}

cluster_stop()
{
	pg_ctl stop -s -w -m "${2:-fast}" -D "$(cluster_data "$1")"
}

sql()
{
	psql -X -q -v ON_ERROR_STOP=1 "$@"
}

campaign_database()
{
	sql -d postgres -c "CREATE DATABASE $1"
	export PGDATABASE=$1
	sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION campaign CASCADE'
}
