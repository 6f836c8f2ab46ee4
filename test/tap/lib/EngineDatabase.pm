package EngineDatabase;

# Sessions of the people and workers who use the engine, and a transcript of
# what they said.
#
# Each statement runs at the model's time exactly: the statements of one message
# have one start, and the first of them moves the engine's clock from there.

use strict;
use warnings;

use DBI;
use Exporter 'import';

use ModelTimes qw(FOREVER);

our @EXPORT_OK = qw(time_text);

# Members of a role each: an owner of all tenants of a sequence, and a stranger
# who owns another one.
my %roles = (
	owner => 'regress_property_owner',
	stranger => 'regress_property_stranger',
	map { $_ => 'regress_property_worker' } qw(w1 w2 w3));

# $dsn as DBI wants it, less the user; the database has the extension.
sub new
{
	my ($class, $dsn) = @_;
	my $db = bless { dsn => $dsn, transcript => [] }, $class;
	$db->{sessions}{admin} = $db->open_session;
	$db->{sessions}{admin}->do(setup_script());
	$db->{sessions}{$_} = $db->open_session($roles{$_}) foreach keys %roles;
	$_->do("SET lock_timeout = '20ms'") foreach values %{ $db->{sessions} };
	$db->{sessions}{$_} = $db->open_session foreach qw(inside looker);
	($db->{superuser}) = $db->{sessions}{inside}->selectrow_array('SELECT current_user');
	# the library has to be there before its settings are
	$_->do('SELECT campaign.now()') foreach values %{ $db->{sessions} };
	# a worker's first claim writes its name down
	$db->{sessions}{admin}->do("SELECT campaign.claim_due_touches('w$_', 1)") foreach 1 .. 3;
	return $db;
}

sub open_session
{
	my ($db, $role) = @_;
	my $dbh = DBI->connect($db->{dsn}, $role, undef,
		{ RaiseError => 1, PrintError => 0, PrintWarn => 0, pg_server_prepare => 0, AutoCommit => 1 });
	$dbh->do(q{SET timezone = 'UTC'; SET datestyle = 'ISO'});
	return $dbh;
}

sub setup_script
{
	my @names = do { my %seen; grep { !$seen{$_}++ } values %roles };
	my $roles = join '', map {
		my $level = /worker/ ? 'worker' : 'member';
		"IF to_regrole('$_') IS NULL THEN CREATE ROLE $_ LOGIN; END IF;
		 GRANT SET ON PARAMETER campaign.clock_offset TO $_;
		 GRANT USAGE ON SCHEMA property TO $_;
		 PERFORM campaign.grant_access('$_', '$level');\n"
	} sort @names;
	return qq{
		SET client_min_messages = warning;
		CREATE SCHEMA property;
		DO \$\$ BEGIN $roles END \$\$;
		-- microseconds since 1970
		CREATE FUNCTION property.us(timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE
			AS \$\$ SELECT CASE \$1 WHEN 'infinity' THEN ${\ FOREVER} WHEN '-infinity' THEN -${\ FOREVER}
			             ELSE (extract(epoch FROM \$1) * 1000000)::bigint END \$\$;
		CREATE FUNCTION property.at(bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
			AS \$\$ SELECT timestamptz '1970-01-01 00:00+00' + make_interval(secs => \$1 / 1000000) + interval '1 us' * (\$1 % 1000000) \$\$;
		SELECT campaign.create_tenant('Elsewhere', 'property-elsewhere', 'UTC', 'regress_property_stranger')};
}

sub quote
{
	my ($db, $value) = @_;
	return $db->{sessions}{admin}->quote($value);
}

# ---- asking

# The rows of a statement, as hashes, its SQLSTATE and its message.
sub try
{
	my ($db, $who, $sql) = @_;
	my $dbh = $db->{sessions}{ $db->{is_inside} ? 'inside' : $who };
	$dbh->do('SAVEPOINT before') if $db->{is_inside};
	my $clock = "SELECT set_config('campaign.clock_offset', (extract(epoch FROM timestamptz 'epoch'"
	  . " + interval '$db->{now} us' - statement_timestamp())) || ' seconds', false)";
	my $rows = eval {
		my $statement = $dbh->prepare("$clock; $sql", { pg_direct => 1 });
		$statement->execute;
		$statement->{NUM_OF_FIELDS} ? $statement->fetchall_arrayref({}) : [];
	};
	my ($state, $message) = $rows ? ('00000', '') : ($dbh->state, $dbh->errstr);
	$dbh->do('ROLLBACK TO before') if $db->{is_inside} && !$rows;
	push @{ $db->{transcript} }, { who => $db->{is_inside} ? "$who, inside the transaction," : $who, now => $db->{now}, sql => $sql, answer => $rows // "$state $message" };
	return ($rows // [], $state, $message);
}

# As the superuser and outside the transcript: to look, not to act.  What is
# looked at often is one text with values, whose plan is kept.
sub look
{
	my ($db, $sql, @values) = @_;
	my $statement = $db->{sessions}{ $db->{is_inside} ? 'inside' : 'looker' }->prepare_cached($sql, { pg_server_prepare => @values ? 1 : 0 });
	$statement->execute(@values);
	return $statement->fetchall_arrayref({});
}

# In place of autovacuum, whose locks would disturb.
sub clean_up
{
	my ($db) = @_;
	$db->{sessions}{admin}->do('VACUUM ANALYZE');
	return;
}

# ---- a transaction that stays open

# From now on everything happens inside, until somebody steps out.
sub begin
{
	my ($db) = @_;
	$db->{sessions}{inside}->do('BEGIN');
	$db->{is_inside} = 1;
	return;
}

sub step_out
{
	my ($db) = @_;
	$db->{is_inside} = 0;
	return;
}

# COMMIT or ROLLBACK.
sub end
{
	my ($db, $how) = @_;
	$db->{is_inside} = 0;
	$db->{sessions}{inside}->do($how);
	push @{ $db->{transcript} }, { who => 'the transaction', now => $db->{now}, sql => $how, answer => '' };
	return;
}

# ---- the transcript

sub forget_transcript
{
	my ($db) = @_;
	$db->{transcript} = [];
	return;
}

# As SQL, with the names of the model for ids and tokens.
sub transcript
{
	my ($db, $m) = @_;
	my %names = map { ($_->{text} // $_->{id} // '') => $_->{name} }
	  map { @$_ } @$m{qw(tenants contacts campaigns jobs enrollments conflicts events tokens)};
	my $now = '';
	my $text = '';
	foreach my $entry (@{ $db->{transcript} })
	{
		my $time = time_text($entry->{now});
		$text .= "-- $time\n" if $time ne $now;
		$now = $time;
		$text .= "$entry->{sql};  -- $entry->{who}\n--   " . answer_text($entry->{answer}) . "\n";
	}
	my $known = join '|', map { quotemeta } grep { length } keys %names;
	$text =~ s/'?($known)'?/$names{$1}/g if $known;
	$text =~ s/property\.at\((-?\d+)\)/"'" . time_text($1) . "'"/ge;
	return $text;
}

# What says nothing new is left out.
sub answer_text
{
	my ($answer) = @_;
	return $answer unless ref $answer;
	my $dull = qr/^(tenant_id|campaign_id|contact_id|body|body_html|attachments|config|needs_pdf|subject|sender_name|idempotency_key|lease_until|minutes|address|scheduled_at|due_at)$/;
	return join "\n--   ", map {
		my $row = $_;
		join ', ', map { "$_ " . ($row->{$_} // 'NULL') =~ s/^(\d{16})$/time_text($1)/er } grep { !/$dull/ } sort keys %$row
	} @$answer;
}

sub time_text
{
	my ($time) = @_;
	return '-' if !defined $time;
	return $time > 0 ? 'never' : 'always' if abs $time >= FOREVER;
	my ($s, $us) = (int($time / 1_000_000), $time % 1_000_000);
	my ($sec, $min, $hour, $day, $month, $year) = gmtime $s;
	return sprintf '%04d-%02d-%02d %02d:%02d:%02d%s', $year + 1900, $month + 1, $day, $hour, $min, $sec,
	  $us ? sprintf('.%06d', $us) : '';
}

1;
