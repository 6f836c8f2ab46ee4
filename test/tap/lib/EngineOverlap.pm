package EngineOverlap;

# A transaction that stays open beside the moves of others: one or two moves are
# made inside it, seen by nobody else, and later it commits or rolls back.
#
# Meanwhile there are two models, the one inside and that of everybody else, who
# either do without what the transaction holds, or are told that it is held
# (55P03, after a short wait): then nothing has happened.  A claim never waits.
#
# At the commit what was changed inside goes into the model of everybody else.
# That both have changed one thing is an error of the engine: one of them had
# to wait.

use strict;
use warnings;

use Exporter 'import';
use Storable qw(dclone);

our @EXPORT_OK = qw(open_overlap close_overlap free_enrollments);

my @named = qw(tenants contacts campaigns jobs enrollments conflicts events tokens);
my @appended = qw(job_outcomes manual_sends);

# Makes the moves inside; false if there is a transaction already, or nothing
# was to be done.
sub open_overlap
{
	my ($s, $compare, @moves) = @_;
	return 0 if $s->{inside};
	my $outside = $s->{m};
	$s->{inside} = dclone($outside);
	$s->{before} = dclone($outside);
	$s->{m} = $s->{inside};
	$s->{db}->begin;
	my $done = eval {
		my $made = 0;
		$made += $_->($s) foreach @moves;
		$compare->($s) if $made;
		$made;
	};
	my $failure = $@;
	$outside->{now} = $s->{m}{now};
	$s->{m} = $outside;
	if (!defined $done)
	{
		$s->{db}->end('ROLLBACK');
		die "inside a transaction: $failure";
	}
	$s->{db}->step_out;
	$s->see('overlap: open');
	return 1;
}

sub close_overlap
{
	my ($s, $how) = @_;
	return 0 unless $s->{inside};
	$s->{db}->end($how);
	merge($s->{before}, delete $s->{inside}, $s->{m}) if $how eq 'COMMIT';
	delete $s->{inside};
	$s->{closed_at} = $s->{m}{now};
	my @over = $s->{m}->exceeded;
	die "sent more than a cap allows: @over\n" if @over;
	$s->see("overlap: $how");
	return 1;
}

# The enrolments that a claim can have, since nobody holds their rows or, of a
# contact in several sequences, the contact; nothing if there is no transaction.
sub free_enrollments
{
	my ($s) = @_;
	return unless $s->{inside};
	my %contact = map { $_->{id} => 1 } @{ $s->{db}->look('SELECT id FROM campaign.contacts FOR NO KEY UPDATE SKIP LOCKED') };
	my $rows = $s->{db}->look(
		q{SELECT q.enrollment_id AS id, e.contact_id, e.exclusive::int
		    FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.tenant_id = q.tenant_id AND e.id = q.enrollment_id
		    JOIN campaign.tenants t ON t.id = q.tenant_id
		     FOR UPDATE OF q SKIP LOCKED FOR NO KEY UPDATE OF e SKIP LOCKED FOR KEY SHARE OF t SKIP LOCKED});
	return { map { $_->{id} => 1 } grep { $_->{exclusive} || $contact{ $_->{contact_id} } } @$rows };
}

# ---- one model into another

sub merge
{
	my ($before, $inside, $m) = @_;
	my %known = map { $_->{name} => $_ } map { @{ $m->{$_} } } @named;
	my %old = map { $_->{name} => $_ } map { @{ $before->{$_} } } @named;

	# what is new first, so that everything is known by its name
	my @added;
	foreach my $list (@named)
	{
		foreach my $thing (grep { !$old{ $_->{name} } } @{ $inside->{$list} })
		{
			my $copy = $known{ $thing->{name} } = { name => $thing->{name} };
			push @{ $m->{$list} }, $copy;
			push @added, [ $thing, $copy ];
		}
	}
	foreach my $pair (@added)
	{
		my ($thing, $copy) = @$pair;
		$copy->{$_} = linked($thing->{$_}, \%known) foreach keys %$thing;
	}
	foreach my $thing (grep { $old{ $_->{name} } } map { @{ $inside->{$_} } } @named)
	{
		merge_fields($thing->{name}, $old{ $thing->{name} }, $thing, $known{ $thing->{name} }, \%known);
	}
	foreach my $list (@appended)
	{
		my @entries = @{ $inside->{$list} };
		push @{ $m->{$list} }, map { linked($_, \%known) } @entries[ scalar @{ $before->{$list} } .. $#entries ];
	}
	return;
}

sub merge_fields
{
	my ($name, $old, $new, $target, $known) = @_;
	my %fields = map { $_ => 1 } keys %$old, keys %$new;
	foreach my $field (sort keys %fields)
	{
		next if written($old->{$field}) eq written($new->{$field});
		if ($field eq 'units')
		{
			add_units($old->{units}, $new->{units}, $target->{units});
			next;
		}
		if ($field eq 'by_hand')
		{
			$target->{by_hand}{$_} = 1 foreach keys %{ $new->{by_hand} };
			next;
		}
		if ($field =~ /^(suppressed|consent|plans|intervals|blackouts|rules|limits)$/)
		{
			merge_fields("$name $field", $old->{$field}, $new->{$field}, $target->{$field}, $known);
			next;
		}
		die "two transactions changed $field of $name, and neither waited\n"
		  if written($old->{$field}) ne written($target->{$field});
		$target->{$field} = linked($new->{$field}, $known);
	}
	return;
}

# Both may have counted.
sub add_units
{
	my ($old, $new, $target) = @_;
	foreach my $channel (keys %$new)
	{
		$target->{$channel}{$_} += $new->{$channel}{$_} - ($old->{$channel}{$_} // 0) foreach keys %{ $new->{$channel} };
	}
	return;
}

# A value as text, named things by their names.
sub written
{
	my ($value) = @_;
	return $value // 'undef' unless ref $value;
	return '[' . join(',', map { written($_) } @$value) . ']' if ref $value eq 'ARRAY';
	return $value->{name} if exists $value->{name};
	return '{' . join(',', map { "$_=" . written($value->{$_}) } sort keys %$value) . '}';
}

# A copy that refers to the known things.
sub linked
{
	my ($value, $known) = @_;
	return $value unless ref $value;
	return [ map { linked($_, $known) } @$value ] if ref $value eq 'ARRAY';
	return $known->{ $value->{name} } if exists $value->{name} && $known->{ $value->{name} };
	return { map { $_ => linked($value->{$_}, $known) } keys %$value };
}

1;
