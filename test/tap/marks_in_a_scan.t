# What comes in while a claim is reading a lane, behind where it has been: the
# scan has not seen it, and raises the lane's mark above it all the same unless
# it hears of it.
#
# Nothing of the engine waits in the middle of a scan.  So the scan is made to wait
# for a page of the queue's index that somebody else is about to write to: his
# comparison of two due times is a function of this test, which waits for a lock
# and then fails, so that he leaves nothing behind.
use strict;
use warnings;

use DBD::Pg ':async';
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use MarksDatabase qw(fill_places put);
use Sessions qw(session);

# of a lane; in several pages of the index, of which this lane has the last
my $places = 300;
my $lane = 11;

my $node = PostgreSQL::Test::Cluster->new('marks');
$node->init;
# one bucket of marks: lanes that are read make others forgotten
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'campaign'\nautovacuum = off\ncampaign.max_marked_lanes = 8\n");
$node->start;
fill_places($node, $places);
$node->safe_psql('shop', <<'SQL');
CREATE FUNCTION compare(a timestamptz, b timestamptz) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN
	IF a = b AND current_setting('application_name') = 'holder' THEN
		PERFORM pg_advisory_xact_lock(1);
		RAISE 'held';
	END IF;
	RETURN timestamptz_cmp(a, b);
END $$;
CREATE OPERATOR CLASS held_ops FOR TYPE timestamptz USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 compare(timestamptz, timestamptz);
-- a primary key that is made anew has the default class
UPDATE pg_index x SET indclass = replace(x.indclass::text, due.oid::text, held.oid::text)::oidvector
  FROM pg_opclass due, pg_opclass held
 WHERE x.indexrelid = 'campaign.touch_queue_pkey'::regclass AND due.opcname = 'timestamptz_ops'
   AND due.opcmethod = held.opcmethod AND held.opcname = 'held_ops';
SQL
my ($worker, $another, $holder, $writer, $gate) = map { session($node, 'shop') } 1 .. 5;
my @tenants = @{ $gate->selectcol_arrayref('SELECT DISTINCT tenant_id FROM places ORDER BY 1') };
$holder->do("SET application_name = 'holder'");

sub wait_for
{
	my ($dbh, $event, $name) = @_;
	ok($node->poll_query_until('shop',
			"SELECT wait_event = '$event' FROM pg_stat_activity WHERE pid = $dbh->{pg_pid}"), $name);
	return;
}

# Does something while a claim has read most of a lane that nobody has read before.
sub while_claiming
{
	my ($meanwhile, @elsewhere) = @_;
	$gate->do('TRUNCATE campaign.touch_queue');
	put($writer, $_, 5000) foreach @elsewhere;
	# the oldest is the last one
	put($writer, $lane * $places + $_, 1000 + $_) foreach 21 .. $places;
	$gate->do('SELECT pg_advisory_lock(1)');
	$holder->do(
		qq{INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
		  SELECT p.tenant_id, p.lane, (SELECT max(due_at) FROM campaign.touch_queue), p.enrollment, now(), 1 FROM places p WHERE p.n = $lane * $places + 20},
		{ pg_async => PG_ASYNC });
	wait_for($holder, 'advisory', 'somebody writes to the last page');
	# with a parameter it would be waited for
	$worker->do("SELECT count(*) FROM campaign.claim_due_touches('worker', 10000, tenants => ARRAY['$tenants[2]'::uuid])",
		{ pg_async => PG_ASYNC });
	wait_for($worker, 'BufferContent', 'a claim reads as far as there');
	$meanwhile->();
	$gate->do('SELECT pg_advisory_unlock(1)');
	eval { $holder->pg_result };
	like($@, qr/held/, 'he writes nothing');
	$worker->pg_result;
	return;
}

# Looks at few lanes, so that none is forgotten.
sub found
{
	my ($dbh, $expected, $name) = @_;
	my $found = $dbh->selectcol_arrayref(
		q{SELECT p.n - ? FROM campaign.claim_due_touches('worker', 10000, tenants => ?) c
		    JOIN places p ON p.tenant_id = c.tenant_id AND p.enrollment = c.enrollment_id ORDER BY 1},
		undef, $lane * $places, [ $tenants[2] ]);
	is(join(' ', @$found), $expected, $name);
	return;
}

# Behind where the scan has been, and not as put() does it, which looks for the place first.
sub put_low
{
	my ($n) = @_;
	return $writer->do(
		q{INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
		  SELECT p.tenant_id, p.lane, clock_timestamp() - make_interval(secs => 1400 + ?), p.enrollment, now(), 1 FROM places p WHERE p.n = ?},
		undef, $n, $lane * $places + $n);
}

while_claiming(sub { put_low(1) });
found($another, '1', 'a row that came in where the scan had been is found');
found($another, '', 'once');

while_claiming(sub { $writer->begin_work; put_low(1) });
found($another, '', 'one that is not committed is not');
$writer->commit;
found($another, '1', 'until it is');

while_claiming(sub { put_low($_) foreach 1 .. 12 });
found($another, join(' ', 1 .. 12), 'more rows than are remembered one by one');

# The lane's mark makes room for others, and the next scan, which reads one row, begins one that has not heard of the row.
while_claiming(
	sub {
		my $some = 'SELECT FROM campaign.claim_due_touches(\'worker\', ?, tenants => ?)';
		is(scalar(@{ $another->selectall_arrayref($some, undef, 8, [ @tenants[ 0, 1 ] ]) }), 8, 'other lanes are read');
		put_low($_) foreach 1, 2;
		is(scalar(@{ $another->selectall_arrayref($some, undef, 1, [ $tenants[2] ]) }), 1, 'and the lane once more');
	},
	map { $_ * $places + 1 } 0 .. 7);
found($another, '1', 'a row of which the present mark has not heard is found');

$_->disconnect foreach $worker, $another, $holder, $writer, $gate;
$node->stop;
done_testing();
