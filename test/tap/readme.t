# README.md, taken at its word: its SQL is run and its outputs compared, its
# worker sends, and its tables say what the catalog and the source say.
use strict;
use warnings;

use File::Find;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = slurp_file('README.md');
my @blocks = fenced_blocks($readme);

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
# a setting of the page exists where the library is preloaded
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'campaign'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE shop');

sub query
{
	my ($sql) = @_;
	return $node->safe_psql('shop', $sql);
}

# ---- the SQL of the page, in one session of psql

my @sql = grep { $_->{language} eq 'sql' } @blocks;
my @printed = run_blocks(@sql);
is(scalar(@printed), scalar(@sql), 'psql got to the last block');
foreach my $block (@sql)
{
	my $printed = plain(shift @printed // '');
	my $name = "the SQL of line $block->{line}";
	if (defined $block->{output})
	{
		is($printed, plain($block->{output}), "$name prints what the page shows");
	}
	else
	{
		unlike($printed, qr/^(?:WARNING|ERROR|FATAL|invalid command|unterminated)/m, "$name runs");
	}
}

# ---- its diagrams

my %diagram = map { $_->{text} => 1 } grep { $_->{language} eq 'mermaid' } @blocks;
foreach my $machine (split /\n/, query('SELECT DISTINCT machine FROM campaign.life_cycle_states WHERE seeded'))
{
	ok($diagram{ query("SELECT campaign.life_cycle_diagram('$machine')") . "\n" },
		"the diagram of $machine is the present one");
}

# ---- its worker

my $tenant = query(q{SELECT id FROM campaign.tenants WHERE slug = 'north-side'});
test_worker(map { $_->{text} } grep { $_->{language} eq 'perl' } @blocks);

sub test_worker
{
	my ($program) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$folder/worker.pl", $program);
	mkdir "$folder/outbox" or die "$folder/outbox: $!";

	my $said = '';
	my $worker;
	{
		local %ENV = (
			%ENV,
			PGHOST => $node->host,
			PGPORT => $node->port,
			PGDATABASE => 'shop',
			PGUSER => 'sender',
			PGAPPNAME => 'worker');
		$worker = IPC::Run::start([ $^X, "$folder/worker.pl", "$folder/outbox" ],
			'<', \undef, '>&', \$said);
	}
	ok( $node->poll_query_until(
			'shop',
			q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'worker'
			                    AND state = 'idle' AND query LIKE '%next_due_at%')}),
		'the worker finds nothing to do and waits');
	my $contact = query(
		qq{INSERT INTO campaign.contacts (tenant_id, first_name, email)
		   VALUES ('$tenant', U&'Zo\\00EB', 'zoe\@example.com') RETURNING id});
	query(qq{SELECT campaign.create_job('$contact', 'plumbing', 'completed', now() - interval '2 days')});
	ok( $node->poll_query_until(
			'shop',
			qq{SELECT EXISTS (SELECT FROM campaign.send_logs
			                   WHERE contact_id = '$contact' AND status = 'sent' AND provider_id IS NOT NULL)}),
		'the worker sends and reports');
	$worker->signal('TERM');
	ok($worker->finish, 'the worker ends when it is told to');
	is($said, '', 'the worker has nothing to complain of');

	my @files = glob "$folder/outbox/*";
	is(scalar(@files), 1, 'the worker has sent one message');
	like(
		slurp_file($files[0]),
		qr/\ATo: zoe\@example\.com\nSubject: Is everything flowing as it should\?\n\nHi Zo\xc3\xab,\n/,
		'the message is as it was claimed');
	return;
}

# ---- its reference: functions

# [a, b [, c] [, d]]: as the page writes the arguments of a function.
my $functions = decode_json(
	query(
		q{SELECT json_object_agg(p.proname || CASE WHEN o.n > 1 THEN o.n::text ELSE '' END, json_build_object('name', p.proname,
		           'signature', format('%s(%s%s)', p.proname,
		             array_to_string(names[:required], ', '),
		             (SELECT string_agg(format('%s[%s%s]', CASE WHEN n > 1 THEN ' ' END, CASE WHEN n > 1 THEN ', ' END, a), '' ORDER BY n)
		                FROM unnest(names) WITH ORDINALITY x (a, n) WHERE n > required)),
		           'level', (SELECT string_agg(level, ', ' ORDER BY level) FROM campaign.access_privileges v
		                      WHERE v.privilege = 'EXECUTE' AND to_regprocedure(substr(v.object, length('FUNCTION ') + 1)) = p.oid),
		           'internal', p.prorettype = 'trigger'::regtype OR obj_description(p.oid) ~ '^(Internal|Trigger)'))
		    FROM pg_proc p
		   CROSS JOIN LATERAL (SELECT count(*) AS n FROM pg_proc s WHERE s.pronamespace = p.pronamespace AND s.proname = p.proname AND s.oid <= p.oid) o,
		         LATERAL (SELECT coalesce(p.proargnames[:p.pronargs], '{}'), p.pronargs - p.pronargdefaults) f (names, required)
		   WHERE p.pronamespace = 'campaign'::regnamespace}));
# Rows of one name, in the order of the page; of overloaded functions that is the order in which they are made.
my %described;
foreach my $row (table_rows($readme))
{
	next unless $row->[0] =~ /^`(\w+)\(/;
	my $n = 1 + grep { /^\Q$1\E\d*$/ } keys %described;
	$described{ $1 . ($n > 1 ? $n : '') } = $row;
}
my ($behind) = $readme =~ /^Granted too, because (.*?)\n\n/ms;
my %behind = map { $_ => 1 } $behind =~ /`(\w+)`/g;
foreach my $name (sort keys %$functions)
{
	my $function = $functions->{$name};
	my $row = $described{$name};
	if ($behind{$name} || (!defined $function->{level} && $function->{internal}))
	{
		ok(!$row, "internal function $name is not in the reference");
		ok($function->{level}, "$name is granted as the page says") if $behind{$name};
		next;
	}
	ok($row, "function $name is in the reference") or next;
	is($row->[0], "`$function->{signature}`", "arguments of $name");
	is($row->[1], $function->{level} // 'superuser', "level of $name");
	like($row->[2], qr/\w/, "a word about $name");
}
is(join(' ', grep { !$functions->{$_} } sort keys %described), '', 'every function of the reference exists');

# Calls in the text and in SQL: `retry_touch()`, campaign.now().
my %mentioned = map { $_ => 1 } $readme =~ /(?:\bcampaign\.|`)(\w+)\(/g;
is(join(' ', grep { !$functions->{$_} } sort keys %mentioned), '', 'every function that is mentioned exists');

# ---- its reference: views, tables, types

my %relation = map { my ($name, $level) = split /\|/; ($name => $level) } split /\n/, query(
	q{SELECT format('%s|%s', c.relname, string_agg(DISTINCT v.level, ', ' ORDER BY v.level))
	    FROM campaign.access_privileges v JOIN pg_class c ON 'TABLE campaign.' || c.relname = v.object
	   WHERE c.relnamespace = 'campaign'::regnamespace AND v.privilege = 'SELECT' GROUP BY c.relname});
my %listed = map { $_->[0] =~ /^`([a-z_]+)`$/ ? ($1 => $_->[1]) : () }
  grep { ($_->[1] // '') =~ /^(?:admin|member|worker)/ } table_rows($readme);
is_deeply(\%listed, \%relation, 'every table and view that a level reads is listed, with its levels');

my ($types) = $readme =~ /^(Types: .*?)\n\n/ms;
foreach my $type (split /\n/, query(
		q{SELECT t.typname FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		   WHERE t.typnamespace = 'campaign'::regnamespace AND (t.typtype = 'd' OR c.relkind = 'c')}))
{
	like($types, qr/`\Q$type\E`/, "type $type is mentioned");
}

# Columns that a member writes, where the page names them.
foreach my $table (qw(campaigns outreach_campaigns))
{
	my ($row) = grep { $_->[0] eq "`$table`" && @$_ == 4 } table_rows($readme);
	is( join(', ', sort split /, /, $row->[3]),
		query(
			qq{SELECT string_agg(DISTINCT c, ', ' ORDER BY c) FROM campaign.access_privileges v,
			          regexp_split_to_table(substring(v.privilege FROM '\\((.*)\\)'), ',\\s*') c
			    WHERE v.level = 'member' AND v.object = 'TABLE campaign.$table'}),
		"what members write of $table");
}

# Lists in the text: columns of a claim, reasons.
my ($columns) = $readme =~ /^A claim returns (.*?)\./ms;
is(join(' ', $columns =~ /`(\w+)`/g),
	query(q{SELECT string_agg(a, ' ' ORDER BY n) FROM pg_proc p, unnest(p.proargnames, p.proargmodes) WITH ORDINALITY x (a, mode, n)
	         WHERE p.proname = 'claim_due_touches' AND x.mode = 'o'}),
	'the columns of a claim');
my $unwrapped = $readme =~ s/\s+/ /gr;
my ($stops, $suppressions, $skips) = $unwrapped =~
  / Reasons of a stop (.*?)\. Reasons of a suppression: (.*?)\. Reasons of touches that a claim skips, in `send_logs`: (.*?)\./;
my %stop = map { $_ => 1 } $stops =~ /`(\w+)`/g;
is(join(' ', sort keys %stop), quoted(constraint('campaign_enrollments_stop_reason_check')), 'the reasons of a stop');
my %suppression = map { $_ => 1 } $suppressions =~ /`(\w+)`/g;
is(join(' ', sort keys %suppression), quoted(constraint('suppressions_reason_check')), 'the reasons of a suppression');
my %skip = slurp_file('src/outreach/touch_gate.c') =~ /GATE_SKIP, "(\w+)"(\))/g;
is(join(' ', sort $skips =~ /`(\w+)`/g), join(' ', sort keys %skip), 'the reasons of a skip');

sub constraint
{
	my ($name) = @_;
	return query("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '$name'");
}

sub quoted
{
	my ($text) = @_;
	return join ' ', sort $text =~ /'(\w+)'/g;
}

# ---- its settings

# one of them is there for a preloaded library only
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'campaign'");
$node->restart;
my %setting = map { $_->[0] =~ /^`(campaign\.\w+)`$/ ? ($1 => "$_->[1] $_->[2]") : () } table_rows($readme);
my %actual = map { my ($name, $default, $context) = split /\|/, $_, 3; ($name => ($default eq '' ? '' : "`$default`") . " $context") }
  split /\n/, query(
	q{SELECT campaign.now() \g /dev/null
	  SELECT format('%s|%s|%s', name, boot_val, context) FROM pg_settings WHERE name LIKE 'campaign.%'});
is_deeply(\%setting, \%actual, 'the settings, their defaults and who sets them');

# ---- its documents

my $schema = decode_json(query('SELECT campaign.template_config_schema()'));
my $step = $schema->{items};
my ($section) = $readme =~ /^### template_config\n(.*?)^### /ms;
my %key = map { $_->[0] =~ /^`(\w+)`$/ ? ($1 => $_) : () } table_rows($section);
is(join(' ', sort keys %key), join(' ', sort keys %{ $step->{properties} }), 'the keys of a step');
foreach my $name (sort keys %key)
{
	my $rule = $step->{properties}{$name};
	my (undef, $type, $default, $meaning) = @{ $key{$name} };
	my $most = $rule->{maximum} // ($rule->{enum} || $name eq 'channel' || $name eq 'step' ? undef : $rule->{maxLength}) // $rule->{maxItems};
	$most = undef if $name eq 'step' || ($rule->{minLength} // 0) == 36;
	like($type, qr/\b\Q$most\E$/, "the greatest $name") if defined $most;
	is(join(' ', sort $type =~ /`(\w+)`/g), join(' ', sort @{ $rule->{enum} }), "the values of $name") if $rule->{enum};
	if (exists $rule->{default})
	{
		my $value = JSON::PP->new->allow_nonref->encode($rule->{default});
		$value =~ s/^"(.*)"$/$1/;
		is($default, "`$value`", "the default of $name");
	}
	is(join(' ', sort $meaning =~ /`(\w+)`/g), join(' ', sort keys %{ $rule->{properties} }), "the keys of $name")
	  if $rule->{properties};
}
is(join(' ', grep { $key{$_}[2] eq 'required' } sort keys %key), join(' ', sort @{ $step->{required} }), 'required keys');

my %placeholder = map { $_->[0] =~ /^`(\{\{.*\}\})`$/ ? ($1 => 1) : () } table_rows($readme);
my $known = query(q{SELECT obj_description('campaign.message_text'::regtype)});
$known =~ s/, each with an optional default.*//s;
is(join(' ', sort keys %placeholder), join(' ', sort $known =~ /(\{\{.*?\}\})/g), 'the placeholders');

foreach my $channel (split /\n/, query(q{SELECT channel || ' ' || body_limit FROM campaign.channels WHERE seeded}))
{
	my ($name, $limit) = split / /, $channel;
	like($readme =~ s/(\d),(\d{3})/$1$2/gr, qr/`$name`\s+$limit\b/, "the longest body of $name");
}

# ---- its errors

my %sqlstate = map { $_->[0] =~ /^`([0-9A-Z]{5})`$/ ? ($1 => $_) : () } table_rows($readme);
my %reserved = map { $_ => 1 } grep { $sqlstate{$_}[2] =~ /reserved/ } keys %sqlstate;
my ($misuse) = $readme =~ /^(Using a trigger function in the wrong way .*?)\n\n/ms;
$sqlstate{$_} = 1 foreach $misuse =~ /`([0-9A-Z]{5})`/g;

my $campaign = qq{(SELECT id FROM campaign.campaigns WHERE name = 'After a new roof')};
my $contact = qq{(SELECT id FROM campaign.contacts WHERE first_name = 'Ben')};
my $enroll = qq{SELECT campaign.enroll((SELECT id FROM campaign.campaigns WHERE name = 'After a job'), $contact)};
my %raise = (
	CP001 => [ nina => "SELECT campaign.transition_campaign($campaign, 'approved')" ],
	CP002 => [ nina => "SELECT campaign.purge_campaign($campaign)" ],
	CP003 => [ nina => q{SELECT '[]'::campaign.template_config} ],
	CP004 => [
		sender => qq{SET campaign.clock_offset = '30 days'; SET ROLE sender;
			SELECT lease_token AS t FROM campaign.claim_due_touches('w', 1) \\gset
			SELECT campaign.release_touch(:'t'); SELECT campaign.release_touch(:'t')} ],
	# nothing is left of the budget for one contact and one step
	CP005 => [
		nina => q{SELECT id AS tenant FROM campaign.tenants WHERE slug = 'north-side' \gset
			INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd) VALUES (:'tenant', 'hard', 0);
			SELECT campaign.create_campaign(:'tenant', 'Generated', '[{"channel": "email"}]', 'assigned') AS made \gset
			SELECT campaign.assign_contacts(:'made', filter => '{}'); SELECT campaign.transition_campaign(:'made', 'ready');
			SELECT campaign.start_generation(:'made', include_unready => true)} ],
	22008 => [ nina => q{SELECT campaign.send_windows('infinity', 'UTC')} ],
	55000 => [ postgres => q{SET campaign.clone_guard = on; SELECT campaign.claim_due_touches('w')} ],
	22004 => [ postgres => q{SELECT campaign.grant_access(NULL, 'member')} ],
	22023 => [ sender => q{SELECT campaign.claim_due_touches('w', lease => '24 hours 1 second')} ],
	23502 => [ nina => q{UPDATE campaign.contacts SET attributes = NULL} ],
	23503 => [ nina => "DELETE FROM campaign.contacts WHERE id = $contact" ],
	23505 => [ backoffice => q{SELECT campaign.create_tenant('Again', 'north-side', 'UTC', 'nina')} ],
	23514 => [ nina => q{UPDATE campaign.contacts SET phone = 'home'} ],
	25000 => [ sender => q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT campaign.claim_due_touches('w')} ],
	25006 => [ sender => q{BEGIN READ ONLY; SELECT campaign.claim_due_touches('w')} ],
	40001 => [
		nina => qq{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM campaign.contacts;
			\\! psql -X -q -o /dev/null -d "@{[ $node->connstr('shop') ]}" -c "$enroll"
			$enroll} ],
	42501 => [ otto => q{SELECT campaign.claim_due_touches('w')} ],
	42704 => [ postgres => q{SELECT campaign.grant_access('nobody', 'member')} ],
	P0002 => [ otto => 'SELECT campaign.stop_contact(campaign.uuid_v7())' ],
	'39P01' => [ postgres => misuse('AFTER', 'status') ],
	42703 => [ postgres => misuse('BEFORE', 'state') ],
	42804 => [ postgres => misuse('BEFORE', 'id') ]);
is( join(' ', sort keys %raise),
	join(' ', grep { !$reserved{$_} } sort keys %sqlstate),
	'every SQLSTATE of the page is raised below, or reserved');
foreach my $state (sort keys %raise)
{
	my ($role, $sql) = @{ $raise{$state} };
	my $begin = $role eq 'postgres' || $sql =~ /SET ROLE/ ? '' : "SET ROLE $role;";
	my ($out, $err) = ('', '');
	$node->psql('shop', "\\set VERBOSITY sqlstate\n$begin $sql;", stdout => \$out, stderr => \$err, on_error_stop => 1);
	like($err, qr/ERROR:\s+$state$/m, "$state is raised");
}

# What the source raises, the page knows.
my %condition = (
	no_data_found => 'P0002', invalid_parameter_value => '22023', null_value_not_allowed => '22004',
	check_violation => '23514', unique_violation => '23505', foreign_key_violation => '23503',
	not_null_violation => '23502', insufficient_privilege => '42501', undefined_object => '42704',
	object_not_in_prerequisite_state => '55000', datetime_value_out_of_range => '22008', serialization_failure => '40001', t_r_serialization_failure => '40001', invalid_transaction_state => '25000', undefined_column => '42703',
	datatype_mismatch => '42804', e_r_i_e_trigger_protocol_violated => '39P01',
	campaign_illegal_transition => 'CP001', campaign_precondition => 'CP002',
	campaign_invalid_document => 'CP003', campaign_lease_lost => 'CP004',
	campaign_limit_exhausted => 'CP005', campaign_breaker_open => 'CP006',
	# a broken installation, and a machine without random numbers
	undefined_table => '', internal_error => '', system_error => '');
my %raised;
find(
	{
		no_chdir => 1,
		wanted => sub {
			return unless /\.(?:sql|c|h)$/;
			my $source = slurp_file($_);
			$raised{ $condition{ lc $1 } // $1 } = 1
			  while $source =~ /(?:ERRCODE = '|errcode\(ERRCODE_)(\w+)/g;
		}
	},
	'src');
delete $raised{''};
is(join(' ', grep { !$sqlstate{$_} || $reserved{$_} } sort keys %raised), '', 'every SQLSTATE that the source raises is on the page');

sub misuse
{
	my ($when, $column) = @_;
	return qq{BEGIN; CREATE TRIGGER wrong $when INSERT OR UPDATE ON public.orders
		FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('x_order', '$column');
		UPDATE public.orders SET status = status};
}

# ---- its limits

my %constant;
foreach my $header (qw(campaign.h core/identity.h outreach/quiet_hours.h outreach/touch_queue.h outreach/touch_scan.h))
{
	my $source = slurp_file("src/$header");
	$constant{$1} = $2 while $source =~ /^#define\s+(CAMPAIGN_\w+)\s+(\d+)\b/mg;
}
my %limit = map { ($_->[2] // '') =~ /^`(CAMPAIGN_\w+)`$/ ? ($1 => $_->[1]) : () } table_rows($readme);
cmp_ok(scalar(keys %limit), '>', 10, 'there are limits on the page');
is($limit{$_} =~ s/,//gr, $constant{$_}, "$_ is as the page says") foreach sort keys %limit;
foreach my $lease ('1 second', '24 hours')
{
	query(qq{SELECT campaign.claim_due_touches('w', 1, '$lease')});
	pass("a lease of $lease");
}
my ($bytes) = $unwrapped =~ /name of a worker has up to (\d+) bytes/;
is(query("SELECT count(*) FROM campaign.claim_due_touches(repeat('w', $bytes), 1, tenants => '{}')"), 0, 'the longest name of a worker');
isnt($node->psql('shop', "SELECT campaign.claim_due_touches(repeat('w', $bytes + 1))"), 0, 'and one that is too long');

# ---- the page itself

my ($goals) = slurp_file('Makefile') =~ /^HOUSE_GOALS = (.*)$/m;
my %target = map { /^`make ([a-z-]+)`/ ? ($1 => 1) : () } map { $_->[0] } table_rows($readme);
is(join(' ', sort grep { !/^check-/ } keys %target), join(' ', sort grep { !/\$/ } split / /, $goals), 'the targets of make');
my ($suites) = slurp_file('Makefile') =~ /^SUITES = (.*)$/m;
like($readme, qr/one suite: .*`\Q$_\E`/, "suite $_ is named") foreach split / /, $suites;

my %heading = map { (lc($_) =~ s/[^a-z0-9_ -]//gr =~ s/ /-/gr) => 1 } $readme =~ /^#+ (.*)$/mg;
is(join(' ', grep { !$heading{$_} } $readme =~ /\]\(#([^)]*)\)/g), '', 'links within the page lead somewhere');
is(join(' ', grep { !-e } $readme =~ /\]\(([A-Z][^:)]*)\)/g), '', 'links to files lead somewhere');

my ($version) = slurp_file('campaign.control') =~ /^default_version = '(.*)'$/m;
unlike($readme, qr/\Q$version\E/, 'the version is not written here');
my $setup = slurp_file('test/lib/setup');
my ($asks) = $readme =~ /^(These packages are needed .*)$/m;
like($setup, qr/^\Q$asks\E$/m, 'what setup prints');

$node->stop;
done_testing();

# ---- reading the page

# Every fenced block, with its language, line, text and, where a block of text
# follows at once, the output that it announces.
sub fenced_blocks
{
	my ($page) = @_;
	my @found;
	my $after = -1;
	while ($page =~ /^```(\w+)\n(.*?)^```\n/msg)
	{
		my ($language, $text, $start, $end) = ($1, $2, $-[0], $+[0]);
		if ($language eq 'text' && @found && $found[-1]{language} eq 'sql' && substr($page, $after, $start - $after) =~ /\A\s*\z/)
		{
			$found[-1]{output} = $text;
		}
		else
		{
			push @found, { language => $language, text => $text, line => 1 + (substr($page, 0, $start) =~ tr/\n//) };
		}
		$after = $end;
	}
	return @found;
}

# The cells of all rows of tables, without the spaces around them.  A bar
# inside of code does not end a cell.
sub table_rows
{
	my ($page) = @_;
	my @rows;
	foreach my $line ($page =~ /^\| ?(.*) ?\|$/mg)
	{
		my @code;
		$line =~ s/(`[^`]*`)/push @code, $1; "\0$#code\0"/ge;
		my @cells = map { s/^\s+|\s+$//gr } split /\|/, $line, -1;
		s/\0(\d+)\0/$code[$1]/g foreach @cells;
		push @rows, \@cells;
	}
	return @rows;
}

# What psql prints for each block.
sub run_blocks
{
	my $mark = '---- block of the page ----';
	my $script = "\\set SHOW_CONTEXT never\n" . join '', map { "\\echo '$mark'\n$_->{text}" } @_;
	my $out = '';
	IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr('shop') ], '<', \$script, '>&', \$out);
	my (undef, @outputs) = split /^\Q$mark\E\n/m, $out, -1;
	return @outputs;
}

# Without what differs from run to run, or cannot be seen.
sub plain
{
	my ($text) = @_;
	$text =~ s/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/<uuid>/g;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n+\z//;
	return $text;
}
