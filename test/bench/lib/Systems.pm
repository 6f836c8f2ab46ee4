# Systems: the queues that are measured. Each claims a batch in one statement and
# completes it in another, both committed by themselves: the log row is written and
# the next touch scheduled with the completion. All get their due touches, texts and
# addresses from the same rows (load.sql).
#
#   campaign         claim_due_touches() and report_touches(), as role of level worker
#   reference        plain SQL, reference.sql
#   graphile-worker  a job a touch. Fetching, completing and add_jobs() are the statements
#                    of the library (peers/statements.mjs)
#   pg-boss          the same with its statements, of a worker that settles what it fetched
#   pgq              batches between two ticks; no due time and no state of an item, nothing
#                    scheduled and nothing logged: a floor, and no peer
#
# For the two job queues the harness is kinder than their libraries are. Statements are
# prepared, and fetched rows do not travel to a client and back as rows. What a library does
# in three or more statements and transactions (fetch; the application's own log row; the next
# job; the completion) is one statement and one transaction each for claim and
# completion, made of the library's statements as common table expressions. The
# specification of the next job is put together as text where the job is fetched,
# since a client that could do it is not there.
package Systems;
use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use Bench qw($db setting value execute psql size checkpoint);

our @EXPORT_OK = qw(@systems @per_row label set_up make_tenants grow load_up script user log_table logged skipped);

our @systems;    # those that are there
our @per_row;    # of them those that do the same work as the extension, without it
my (%skipped, %version);
my $folder = $ENV{CAMPAIGN_BENCH_PEERS} // '';

my %known = (
	'campaign' => {
		user => 'bench_worker', log => 'campaign.send_logs',
		relations => [qw(campaign.touch_queue campaign.campaign_enrollments campaign.send_logs)],
	},
	'reference' => {
		user => 'postgres', log => 'reference.send_logs', relations => [qw(reference.enrollments reference.send_logs)],
	},
	'graphile-worker' => {
		user => 'postgres', log => 'jobs.send_logs', relations => [qw(graphile_worker._private_jobs jobs.send_logs)],
		claim => \&graphile_claim, complete => \&graphile_complete,
	},
	'pg-boss' => {
		user => 'postgres', log => 'jobs.send_logs', relations => [qw(pgboss.job_common jobs.send_logs)],
		claim => \&boss_claim, complete => \&boss_complete,
	},
	'pgq' => { user => 'postgres' },
);

sub label { my ($name) = @_; return $version{$name} ? "$name $version{$name}" : $name }
sub user { return $known{ $_[0] }{user} }
sub log_table { return $known{ $_[0] }{log} }
sub logged { return value("SELECT count(*) FROM $known{$_[0]}{log} WHERE status = 'sent'") }
sub skipped { return map { "$_: $skipped{$_}" } sort keys %skipped }

# ---- installing

sub set_up
{
	psql('test/bench/sql/reference.sql');
	psql('test/bench/sql/load.sql');
	psql('test/bench/sql/jobs.sql');
	for my $system (split ' ', setting('SYSTEMS'))
	{
		die "there is no system \"$system\"\n" unless $known{$system};
		my $why = missing($system);
		$why //= eval { install($system); undef } // $@ if !defined $why && $system =~ /^(graphile-worker|pg-boss|pgq)$/;
		if ($why)
		{
			chomp $why;
			$skipped{$system} = $why;
			next;
		}
		push @systems, $system;
		push @per_row, $system if $system =~ /^(graphile-worker|pg-boss)$/;
	}
	die "the extension itself is to be measured, too\n" unless grep { $_ eq 'campaign' } @systems;
}

sub missing
{
	my ($system) = @_;
	return undef if $system =~ /^(campaign|reference)$/;
	return text("$folder/$system.skipped") if -e "$folder/$system.skipped";
	return 'was not fetched (test/bench/setup)' unless -e ($system eq 'pgq' ? "$folder/pgq" : "$folder/sql/$system.schema.sql");
	return undef;
}

sub install
{
	my ($system) = @_;
	psql("$folder/sql/$system.schema.sql") unless $system eq 'pgq';
	psql("test/bench/sql/$system.sql");
	$version{$system} = $system eq 'pgq' ? value(q{SELECT extversion FROM pg_extension WHERE extname = 'pgq'}) : text("$folder/sql/$system.version");
}

sub text
{
	my ($path) = @_;
	open my $file, '<', $path or die "$path: $!\n";
	my $text = do { local $/; <$file> };
	$text =~ s/\s+\z//;
	return $text;
}

# ---- loading

# Tenants that belong to bench_member are all that he has, as a member has few.
sub make_tenants
{
	my ($population, $tenants, $owner) = @_;
	return if value('SELECT EXISTS (SELECT FROM bench.tenants WHERE population = ?)', $population);
	$db->do('SELECT bench.make_tenants(?, ?, ?)', undef, $population, $tenants, $owner // 'postgres');
}

# As many people as that, unless there are.
sub grow
{
	my ($population, $people) = @_;
	my $present = value('SELECT coalesce(max(i), 0) FROM bench.people WHERE population = ?', $population);
	return if $people <= $present;
	my $range = "'$population', $present + 1, $people";
	execute("SELECT bench.add_people($range)", 'ANALYZE bench.people');
	at_once("SELECT bench.add_contacts($range)", "SELECT bench.add_reference_contacts($range)");
	execute('VACUUM (ANALYZE) campaign.contacts', 'VACUUM (ANALYZE) reference.contacts');
}

# The first people of a population in each of the systems, and nobody else.
sub load_up
{
	my ($systems, $population, $rows) = @_;
	my @systems = ref $systems ? @$systems : $systems;
	execute(map { 'SELECT bench.clear_' . tr/-/_/r . '()' } @systems);
	at_once(map { "SELECT bench.add_$_('$population', $rows)" } map { $_ eq 'campaign' ? qw(enrollments queue) : tr/-/_/r } @systems);
	execute(map { map { "VACUUM (ANALYZE) $_" } @{ $known{$_}{relations} } } @systems);
	checkpoint();
}

# Statements in sessions of their own, two at a time.
sub at_once
{
	my @statements = @_;
	my $running = 0;
	my $await = sub { wait; $running--; die "loading failed\n" if $? };
	for my $statement (@statements)
	{
		$await->() if $running == 2;
		my $pid = fork // die "fork: $!\n";
		exec 'psql', '-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-c', $statement or POSIX::_exit(127) if $pid == 0;
		$running++;
	}
	$await->() while $running;
}

# ---- the script of a system for batches of one size: a file for pgbench

sub script
{
	my ($system, $batch) = @_;
	return "test/bench/$system.pgbench" unless $known{$system}{claim};
	my $path = "$ENV{CAMPAIGN_SCRATCH}/$system-$batch.pgbench";
	open my $file, '>', $path or die "$path: $!\n";
	for my $statement ($known{$system}{claim}->($batch) . ' \gset', $known{$system}{complete}->($batch) . ';')
	{
		# a statement of pgbench that ends in \gset is one line as well
		print $file $statement =~ s/\s*\n\s*/ /gr, "\n";
	}
	close $file or die "$path: $!\n";
	return $path;
}

# The statement of the library, its parameters replaced.
sub statement
{
	my ($name, @parameters) = @_;
	my $text = text("$folder/sql/$name.sql");
	$text =~ s/;\s*\z//;
	$text =~ s/\$(\d+)/$parameters[$1 - 1]/g;
	return $text;
}

# A statement WITH ... UPDATE ... RETURNING becomes WITH ..., fetched AS (UPDATE ...).
sub as_expression
{
	my ($text, $update, $batch) = @_;
	$text =~ s/\blimit 100\b/limit $batch/i if $batch > 1;
	$text =~ s/\)\s*$update(.*)\z/), fetched AS ($update$1)/s or die "the statement that fetches jobs has another form:\n$text\n";
	return $text;
}

sub graphile_claim
{
	my ($batch) = @_;
	my $fetch = statement('graphile-worker.fetch-' . ($batch == 1 ? 'one' : 'many'), "('bench-' || :client_id)", q('{1}'));
	$fetch =~ s/returning \*\z/returning jobs.*/;    # its columns have to have names here
	return as_expression($fetch, 'update graphile_worker._private_jobs as jobs', $batch) . <<'SQL';
 SELECT coalesce(array_agg(f.id), '{}') AS ids,
        '[' || coalesce(string_agg('{"identifier":"touch","run_at":"' || now() + interval '744 hours' || '","payload":'
          || left(f.payload::text, -2) || (f.payload->>'touch_number')::int + 1 || '}}', ','), '') || ']' AS next,
        sum(length(c.email || t.subject || t.body)) AS characters
   FROM fetched f JOIN reference.contacts c ON c.id = (f.payload->>'contact_id')::uuid
   JOIN reference.touches t ON t.campaign_id = (f.payload->>'campaign_id')::uuid AND t.touch_number = (f.payload->>'touch_number')::int
SQL
}

sub graphile_complete
{
	my ($batch) = @_;
	my $ids = ':ids::bigint[]';
	my $delete = statement('graphile-worker.complete-' . ($batch == 1 ? 'one' : 'many'), $batch == 1 ? "(($ids)[1])" : "($ids)");
	my $add = statement('graphile-worker.add', ':next', 'NULL');
	$add =~ s/^select \*/SELECT count(*)/ or die "the statement that adds jobs has another form:\n$add\n";
	return 'WITH logged AS (' . log_rows("graphile_worker._private_jobs j CROSS JOIN LATERAL json_to_record(j.payload)", "j.id = ANY ($ids)",
		'j.attempts', 'j.locked_by', 'j.run_at', 'j.locked_at') . "), gone AS ($delete) $add";
}

sub boss_claim
{
	my ($batch) = @_;
	my $fetch = statement('pg-boss.fetch-' . ($batch == 1 ? 'one' : 'many'));
	return as_expression($fetch, 'UPDATE pgboss.job_common j SET', $batch) . <<'SQL';
 SELECT coalesce(array_agg(f.id), '{}') AS ids, coalesce(array_agg(f.id || ':' || f."retryCount"), '{}') AS attempts,
        '[' || coalesce(string_agg('{"startAfter":"744 hours","data":'
          || (f.data || jsonb_build_object('touch_number', (f.data->>'touch_number')::int + 1))::text || '}', ','), '') || ']' AS next,
        sum(length(c.email || t.subject || t.body)) AS characters
   FROM fetched f JOIN reference.contacts c ON c.id = (f.data->>'contact_id')::uuid
   JOIN reference.touches t ON t.campaign_id = (f.data->>'campaign_id')::uuid AND t.touch_number = (f.data->>'touch_number')::int
SQL
}

sub boss_complete
{
	my $complete = statement('pg-boss.complete', "'touch'", ':ids', 'NULL', ':attempts');
	my $add = statement('pg-boss.add', ':next');
	$complete =~ s/^WITH results AS/results AS/ or die "the statement that completes jobs has another form:\n$complete\n";
	return 'WITH logged AS (' . log_rows('pgboss.job_common j CROSS JOIN LATERAL jsonb_to_record(j.data)', "j.name = 'touch' AND j.id = ANY (:ids::uuid[])",
		'j.retry_count + 1', q('bench-' || :client_id), 'j.start_after', 'j.started_on') . "), added AS ($add), $complete";
}

# What the application writes of each job that it has done.
sub log_rows
{
	my ($from, $where, $attempt, $worker, $scheduled, $claimed) = @_;
	return <<"SQL";
INSERT INTO jobs.send_logs (tenant_id, campaign_id, enrollment_id, contact_id, touch_number, attempt, worker, channel, status,
   scheduled_at, claimed_at, sent_at, address, subject, provider_id)
 SELECT p.tenant_id, p.campaign_id, p.enrollment_id, p.contact_id, p.touch_number, $attempt, $worker, 'email', 'sent',
        $scheduled, $claimed, now(), c.email, t.subject, 'msg-' || p.enrollment_id
   FROM $from AS p(tenant_id uuid, campaign_id uuid, enrollment_id uuid, contact_id uuid, touch_number int)
   JOIN reference.contacts c ON c.id = p.contact_id
   JOIN reference.touches t ON t.campaign_id = p.campaign_id AND t.touch_number = p.touch_number
  WHERE $where
SQL
}

1;
