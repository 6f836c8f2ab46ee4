package CapModel;

# How much a tenant may send over a channel: the part of EngineModel that counts.
#
# A lease takes a unit of the hour in which it is claimed.  The unit comes back
# if the touch is surely not sent: given back, skipped by its worker, or its
# lease ended before the send was begun and somebody has come by.  Tenants of
# the model live in UTC.

use strict;
use warnings;

use List::Util qw(sum0);

use ModelTimes qw(FOREVER HOUR DAY latest);

# The caps of a tenant's channel: hour, day, month; nothing if there is none.
sub caps
{
	my ($m, $tenant, $channel) = @_;
	my $caps = $tenant->{limits}{ $channel->{channel} } // { hour => $channel->{hourly_limit} };
	return grep({ defined } values %$caps) ? $caps : undef;
}

# Whether all of some window is used up.
sub is_full
{
	my ($m, $tenant, $channel) = @_;
	return scalar grep { $_->[1] >= $_->[2] } $m->used($tenant, $channel);
}

# When all windows that are used up have ended; undef if none is.
sub room_again
{
	my ($m, $tenant, $channel) = @_;
	my %end = window_ends($m->{now});
	return latest(map { $_->[1] >= $_->[2] ? $end{ $_->[0] } : undef } $m->used($tenant, $channel));
}

# For each window that has a cap: its name, what is used of it, and the cap.
sub used
{
	my ($m, $tenant, $channel) = @_;
	my $caps = $m->caps($tenant, $channel) // return;
	my %start = windows($m->{now});
	my $units = $tenant->{units}{ $channel->{channel} } // {};
	return map {
		my $window = $_;
		[ $window, sum0(map { $units->{$_} } grep { $_ >= $start{$window} } keys %$units), $caps->{$window} ]
	} grep { defined $caps->{$_} } qw(hour day month);
}

# Where more was sent than a cap allows, though nobody sent by hand, reported
# late or changed the cap.
sub exceeded
{
	my ($m) = @_;
	my @over;
	foreach my $tenant (@{ $m->{tenants} })
	{
		foreach my $channel (grep { !$tenant->{by_hand}{$_} } keys %{ $tenant->{units} })
		{
			push @over, "$tenant->{name} $channel" if grep { $_->[1] > $_->[2] } $m->used($tenant, $m->{channels}{$channel});
		}
	}
	return @over;
}

sub windows
{
	my ($at) = @_;
	my $days_before = (gmtime int($at / 1_000_000))[3] - 1;
	my $day = $at - $at % DAY;
	return (hour => $at - $at % HOUR, day => $day, month => $day - $days_before * DAY);
}

sub month_start
{
	my ($m) = @_;
	my %start = windows($m->{now});
	return $start{month};
}

sub window_ends
{
	my ($at) = @_;
	my %start = windows($at);
	my %next_month = windows($start{month} + 31 * DAY);
	return (hour => $start{hour} + HOUR, day => $start{day} + DAY, month => $next_month{month});
}

sub limit_objects
{
	my ($m, $e, $channel) = @_;
	return $m->is_full($e->{contact}{tenant}, $channel) ? { what => 'hold', reason => 'send_limit' } : undef;
}

sub count_units
{
	my ($m, $tenant, $channel, $at, $units) = @_;
	return unless $m->caps($tenant, $channel);
	my %now = windows($m->{now});
	my %then = windows($at);
	# what was sent in another month counts no more
	$tenant->{units}{ $channel->{channel} }{ $then{hour} } += $units if $then{hour} >= $now{month};
	return;
}

sub take_unit
{
	my ($m, $e) = @_;
	my ($tenant, $channel) = ($e->{contact}{tenant}, $m->channel($e));
	$e->{row}{has_unit} = $m->caps($tenant, $channel) ? 1 : 0;
	$m->count_units($tenant, $channel, $m->{now}, 1);
	return;
}

# Once for each unit.
sub return_unit
{
	my ($m, $e, $row) = @_;
	return unless $row->{has_unit};
	$row->{has_unit} = 0;
	my $touch = $m->plan($e)->[ $row->{touch} - 1 ];
	$m->count_units($e->{contact}{tenant}, $m->{channels}{ $touch->{channel} }, $row->{claimed}, -1);
	return;
}

sub forget_units
{
	my ($m, $tenant, $channel) = @_;
	my @held = grep { $_->{row} && $_->{contact}{tenant} == $tenant && $m->channel($_) == $channel } @{ $m->{enrollments} };
	$_->{row}{has_unit} = 0 foreach @held;
	return;
}

# A worker that skips has not sent.  What it reports when the lease has ended, and
# the unit is given back, was sent all the same: it counts again, and may be
# more than the cap.
sub settle_unit
{
	my ($m, $e, $outcome, $at) = @_;
	my $row = $e->{row};
	return $m->return_unit($e, $row) if $outcome->{status} eq 'skipped';
	return if $row->{claimed} != -FOREVER();
	my ($tenant, $channel) = ($e->{contact}{tenant}, $m->channel($e));
	$tenant->{by_hand}{ $channel->{channel} } = 1;
	$m->count_units($tenant, $channel, $at, 1);
	return;
}

1;
