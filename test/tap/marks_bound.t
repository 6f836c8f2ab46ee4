# A claim passes over so many leased and dead entries and no more, and the next
# one goes on where it stopped, whoever makes it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use MarksDatabase qw(fill_places put claim);
use Sessions qw(session);

my ($most) = slurp_file('src/outreach/touch_scan.h') =~ /^#define CAMPAIGN_CLAIM_PASSES (\d+)$/m;

my $node = PostgreSQL::Test::Cluster->new('marks');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\ninclude_if_exists = 'kind.conf'\n");
append_to_file($node->data_dir . '/kind.conf', "shared_preload_libraries = 'campaign'\n");
$node->start;
fill_places($node, 10);
my ($old, @sessions);

sub found
{
	my ($expected, $name) = @_;
	push @sessions, shift @sessions;
	is(join(' ', sort { $a <=> $b } map { $_->[0] } @{ claim($sessions[0], 100) }), $expected, $name);
	return;
}

# The first lane begins with entries of rows that have gone, or are leased, and
# nobody has read it: the server has only just started.
sub prepare
{
	my ($how, $workers, $times) = @_;
	my $behind = int +($times // 2.5) * $most;
	$node->safe_psql('shop', 'TRUNCATE campaign.touch_queue');
	$node->safe_psql('shop', <<"SQL");
	INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number, lease_until)
	SELECT p.tenant_id, p.lane, now() - interval '1 hour' + i * interval '1 ms', gen_random_uuid(), now(), 1,
	       CASE WHEN '$how' = 'leased' THEN now() + interval '1 hour' ELSE '-infinity' END
	  FROM places p, generate_series(1, $behind) i WHERE p.n = 1;
SQL
	$node->restart;
	($old, @sessions) = map { session($node, 'shop') } 0 .. $workers;
	# so that nobody may take the entries of the dead away
	$old->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
	$old->selectrow_array('SELECT count(*) FROM campaign.touch_queue');
	$sessions[0]->do('DELETE FROM campaign.touch_queue') if $how eq 'dead';
	put($sessions[0], $_, 60) foreach 2, 21;
	return;
}

sub go_on
{
	put($sessions[0], 3, 90);
	put($sessions[0], 4, 7200);
	found('3 4', 'they are passed over once');
	put($sessions[0], $_, 60) foreach 5 .. 9;
	found('5 6 7 8 9', 'and not again');
	leave();
	return;
}

sub leave
{
	$old->do('ROLLBACK');
	$_->disconnect foreach $old, @sessions;
	return;
}

prepare('dead', 1);
found('', 'a claim stops among dead entries');
found('21', 'the next one of the session begins with other lanes, and goes on');
found('2', 'until nothing is in the way');
go_on();

# of few touches too, which begins with who may have the oldest: here nobody else is as old
prepare('dead', 1, 3.5);
found('', 'a claim stops among dead entries');
found('21', 'the next one goes on');
put($sessions[0], 31, 30);
is(join(' ', map { $_->[0] } @{ claim($sessions[0], 1) }), '31', 'and so does one of one touch');
found('2', 'until nothing is in the way');
leave();

prepare('leased', 2);
found('', 'a claim stops among leased ones');
found('', 'that of another session goes on where it did');
found('2 21', 'until nothing is in the way');
go_on();

# who remembers nothing for others has to go to the end
unlink $node->data_dir . '/kind.conf';
prepare('dead', 1);
found('2 21', 'without shared memory a claim goes to the end');
leave();

$node->stop;
done_testing();
