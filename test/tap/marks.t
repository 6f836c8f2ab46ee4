# What claims remember of the queue in shared memory, rule by rule: whatever
# comes in, comes back or was never told of is found, at once or, for a lease,
# when it ends.  (Without shared memory: test/isolation, *_marks and marks_*.)
use strict;
use warnings;

use DBD::Pg ':async';
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'sleep';

use MarksDatabase qw(fill_places put claim);
use Sessions qw(session sqlstate_of);

my $node = PostgreSQL::Test::Cluster->new('marks');
$node->init;
# what has been read must not be forgotten for another reason
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'campaign'\nautovacuum = off\nmax_prepared_transactions = 5\n");
$node->start;
fill_places($node, 120);
my ($worker, $other, $third) = map { session($node, 'shop') } 1 .. 3;

sub found
{
	my ($dbh, $expected, $name) = @_;
	is(join(' ', sort { $a <=> $b } map { $_->[0] } @{ claim($dbh, 10000) }), $expected, $name);
	return;
}

# everything that is due has been read, and some of it more than once
put($other, $_, 1000 + $_) foreach 1 .. 10;
found($worker, '1 2 3 4 5 6 7 8 9 10', 'what is due is claimed');
found($worker, '', 'and is not found again') foreach 1 .. 2;

# ---- a row that comes in where claims have been

put($other, 11, 5000);
put($other, 12, 500);
put($other, 13, 0);
found($worker, '11 12 13', 'rows of another session are found at once');
put($other, 14, -3600);
$other->do(q{UPDATE campaign.touch_queue SET due_at = now() - interval '1 hour' WHERE due_at > now()});
found($worker, '14', 'also one that is due earlier than it was');
$other->begin_work;
put($other, 15, 5000);
found($worker, '', 'what is not committed is not found') foreach 1 .. 2;
$other->commit;
found($worker, '15', 'until it is');
$other->begin_work;
put($other, 16, 5000);
$other->do("PREPARE TRANSACTION 'p'");
$other->{AutoCommit} = 1;
found($worker, '', 'nor what is prepared') foreach 1 .. 2;
$other->do("COMMIT PREPARED 'p'");
found($worker, '16', 'until it is');
$other->do('SET session_replication_role = replica');
put($other, 17, 5000);
$other->do('RESET session_replication_role');
found($worker, '17', 'triggers that are switched off for a replica are not those that tell claims');

# between what tells of a row and the row itself
$other->do(q{CREATE FUNCTION hold_up(n smallint) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN IF n = 50 THEN PERFORM pg_advisory_xact_lock(50); END IF; RETURN true; END $$});
$other->do('ALTER TABLE campaign.touch_queue ADD CONSTRAINT hold_up CHECK (hold_up(touch_number)) NOT VALID');
$third->do('SELECT pg_advisory_lock(50)');
$other->do(
	q{INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
	  SELECT tenant_id, lane, now() - interval '2 hours', enrollment, now(), 50 FROM places WHERE n = 18},
	{ pg_async => PG_ASYNC });
$node->poll_query_until('shop', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory')});
found($worker, '', 'a row that is about to be written is not found') foreach 1 .. 2;
$third->do('SELECT pg_advisory_unlock(50)');
$other->pg_result;
$other->do('UPDATE campaign.touch_queue SET touch_number = 1 WHERE touch_number = 50');
$other->do('ALTER TABLE campaign.touch_queue DROP CONSTRAINT hold_up');
found($worker, '18', 'and is once it has been, although claims have been there meanwhile');

# ---- what is undone, or given back

put($other, 19, 100);
$worker->begin_work;
found($worker, '19', 'a claim');
found($other, '', 'is nobody else\'s') foreach 1 .. 2;
$worker->rollback;
found($other, '19', 'that is rolled back is another\'s');
put($other, 20, 100);
my ($touch) = @{ claim($worker, 1) };
found($other, '', 'what is leased is not found') foreach 1 .. 2;
$worker->begin_work;
$worker->do('SELECT campaign.release_touch(?)', undef, $touch->[1]);
found($other, '', 'nor what is just being given back') foreach 1 .. 2;
$worker->commit;
found($other, '20', 'and then it is');

# ---- leases that end

put($other, $_, 100) foreach 21 .. 40;
is(scalar(@{ claim($worker, 20, '1 second') }), 20, 'twenty for a second');
put($other, $_, 100) foreach 41 .. 45;
my %back;
foreach (1 .. 300)
{
	$back{ $_->[0] }++ foreach @{ claim($other, 10000) };
	last if keys %back == 25;
	sleep 0.1;
}
is(join(' ', sort { $a <=> $b } keys %back), join(' ', 21 .. 45), 'come back when their leases end');

# a lease that is made shorter than it was
put($other, $_, 100) foreach 101 .. 104;
my @long = @{ claim($worker, 4, '1 hour') };
is(scalar(@long), 4, 'four for an hour');
found($other, '', 'are found by nobody') foreach 1 .. 2;
$worker->do(q{SELECT campaign.extend_lease(?, '1 second')}, undef, $_->[1]) foreach @long;
%back = ();
foreach (1 .. 300)
{
	$back{ $_->[0] }++ foreach @{ claim($other, 10000) };
	last if keys %back == 4;
	sleep 0.1;
}
is(join(' ', sort { $a <=> $b } keys %back), '101 102 103 104', 'come back when the hour is made a second');

# What a transaction has put on both sides of a mark is read, and leads nobody past what comes in between.
$other->do('TRUNCATE campaign.touch_queue');
put($other, 111, 3600);
is(join(' ', map { $_->[0] } @{ claim($worker, 1) }), '111', 'one is read');
$other->begin_work;
put($other, 112, 4200);
put($other, 113, 1800);
$other->commit;
is(join(' ', map { $_->[0] } map { @{ claim($worker, 1) } } 1 .. 2), '112 113', 'and what came in before and behind it together');
put($other, 114, 2700);
found($worker, '114', 'what comes in between is found');

# Of a queue that begins anew nothing is remembered, so that three that are leased together are counted
# together.  One comes in between them: that it goes again says nothing of them.
$other->do('TRUNCATE campaign.touch_queue');
put($other, 500 + $_, 400 - 100 * $_) foreach 1 .. 3;
my %token = map { @$_ } @{ claim($worker, 40, '5 seconds') };
found($other, '', 'nothing else is there');
put($other, 504, 150);
%token = (%token, map { @$_ } @{ claim($worker, 1) });
is(join(' ', sort keys %token), '501 502 503 504', 'three are leased, and one that came in between');
$worker->do('SELECT campaign.complete_touch(?)', undef, $token{$_}) foreach 501, 502, 504;
%back = ();
foreach (1 .. 300)
{
	$back{ $_->[0] }++ foreach @{ claim($other, 10000) };
	last if %back;
	sleep 0.1;
}
is(join(' ', keys %back), '503', 'the last of them comes back');

# ---- a row of which nobody was told

$other->do(q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgname = 'lower_mark_insert'});
my $untold = session($node, 'shop');
put($untold, 46, 100);
$untold->disconnect;
$other->do(q{UPDATE pg_trigger SET tgenabled = 'A' WHERE tgname = 'lower_mark_insert'});
found($worker, '', 'is overlooked');
is($worker->selectrow_array('SELECT campaign.rescan_marks()'), 1, 'until all is read again');
found($worker, '46', 'and then is not');
is($worker->selectrow_array('SELECT campaign.rescan_marks()'), 0, 'otherwise nothing is overlooked');

# ---- what marks do not outlive

$other->do('ALTER TABLE campaign.touch_queue DISABLE TRIGGER ALL');
found($worker, '', 'without triggers nothing is there') foreach 1 .. 2;
put($other, 49, 100);
found($worker, '49', 'or what nobody tells of');
put($other, 47, 100);
$other->do('ALTER TABLE campaign.touch_queue ENABLE TRIGGER ALL');
found($worker, '47', 'triggers that are off, or might be, are no marks');
$other->do("ALTER TABLE campaign.touch_queue ENABLE ALWAYS TRIGGER $_") foreach qw(lower_mark_insert lower_mark_update);
found($worker, '', 'on again, there are marks') foreach 1 .. 2;
$other->do('ALTER TABLE campaign.touch_queue DISABLE TRIGGER lower_mark_insert');
put($other, 48, 100);
$other->do('ALTER TABLE campaign.touch_queue ENABLE ALWAYS TRIGGER lower_mark_insert');
found($worker, '48', 'but not those from before');
$other->do('TRUNCATE campaign.touch_queue');
put($other, $_, 100) foreach 1 .. 3;
found($worker, '1 2 3', 'a queue that begins anew is read from its beginning');
put($other, $_, 100) foreach 4 .. 6;
$_->disconnect foreach $worker, $other, $third;
$node->restart;
$worker = session($node, 'shop');
found($worker, '4 5 6', 'after a restart');
put($worker, $_, 100) foreach 7 .. 9;
$node->stop('immediate');
$node->start;
$worker = session($node, 'shop');
found($worker, '7 8 9', 'and after a crash');

# ---- more lanes than there is room for

$worker->disconnect;
$node->append_conf('postgresql.conf', 'campaign.max_marked_lanes = 8');
$node->restart;
($worker, $other) = map { session($node, 'shop') } 1 .. 2;
$worker->do('TRUNCATE campaign.touch_queue');
my $n = 0;
foreach my $round (1 .. 5)
{
	my @places = map { $_ * 120 + $round } 0 .. 11;
	put($other, $_, 100 * (6 - $round)) foreach @places;
	found($worker, "@places", "lanes without a mark are read from the beginning, round $round");
}

$other->do('CREATE TABLE elsewhere (tenant_id uuid, lane integer, due_at timestamptz)');
$other->do('CREATE TRIGGER t BEFORE INSERT ON elsewhere FOR EACH ROW EXECUTE FUNCTION campaign.lower_mark()');
is(sqlstate_of($other, 'INSERT INTO elsewhere DEFAULT VALUES RETURNING 1'), '39P01', 'the trigger is for the queue only');
$_->disconnect foreach $worker, $other;

$node->stop;
done_testing();
