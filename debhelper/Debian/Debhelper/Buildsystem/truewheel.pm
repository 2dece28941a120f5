package Debian::Debhelper::Buildsystem::truewheel;

use strict;
use warnings;

use Debian::Debhelper::Dh_Lib qw(%dh doit error);
use Dpkg::Changelog::Debian;
use Dpkg::Control;

use parent qw(Debian::Debhelper::Buildsystem);

sub DESCRIPTION {
	return 'Python modules by truewheel, in place of pybuild';
}

# chosen by --buildsystem alone: a source that says nothing keeps the build system it has
sub check_auto_buildable {
	return 0;
}

sub new {
	my ($class, @arguments) = @_;
	my $this = $class->SUPER::new(@arguments);
	$this->enforce_in_source_building();
	return $this;
}

sub configure {
	my ($this, @arguments) = @_;
	return $this->_run('configure', [], @arguments);
}

sub build {
	my ($this, @arguments) = @_;
	return $this->_run('build', [], @arguments);
}

sub test {
	my ($this, @arguments) = @_;
	return $this->_run('test', [], @arguments);
}

sub install {
	my ($this, $destdir, @arguments) = @_;
	my $default = "$this->{cwd}/debian/tmp";
	(my $asked = $destdir) =~ s{/+$}{};
	my @destdir = ($asked eq $default or $asked eq 'debian/tmp') ? () : ("--destdir=$destdir");
	return $this->_run('install', \@destdir, @arguments);
}

sub clean {
	my ($this, @arguments) = @_;
	return $this->_run('clean', [], @arguments);
}

sub _run {
	my ($this, $step, $options, @arguments) = @_;
	my @command = ('truewheel', 'debhelper', $step,
		'--build-depends=' . _build_depends(),
		'--changelog-version=' . _changelog_version(),
		'--parallel=' . ($this->get_parallel() > 0 ? $this->get_parallel() : 1),
		@{$options});
	push @command, '--sourcedir=' . $this->get_sourcedir() if $this->get_sourcedir() ne '.';
	push @command, '--quiet' if $dh{QUIET};
	push @command, '--verbose' if $dh{VERBOSE};
	doit(@command, map { "--argument=$_" } @arguments);
	return;
}

sub _build_depends {
	my $source = Dpkg::Control->new(type => CTRL_INFO_SRC);
	$source->load('debian/control') or error('debian/control cannot be read');
	my @fields = grep { defined } map { $source->{$_} } qw(Build-Depends Build-Depends-Arch Build-Depends-Indep);
	return join ', ', map { s/\s+/ /gr } @fields;
}

sub _changelog_version {
	my $changelog = Dpkg::Changelog::Debian->new(range => { count => 1 });
	$changelog->load('debian/changelog');
	my $version = @{$changelog} ? $changelog->[0]->get_version() : undef;
	error('debian/changelog has no version') if not defined $version;
	return "$version";
}

1;
