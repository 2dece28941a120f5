package Debian::Debhelper::Buildsystem::truewheel;

use strict;
use warnings;

use Debian::Debhelper::Dh_Lib qw(%dh doit_noerror error warning);
use Dpkg::Changelog::Debian;
use Dpkg::Control::Info;

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
	warning('nothing calls dh_python3, which makes modules public (add dh-sequence-python3 to Build-Depends)')
		if not _may_call_dh_python3();
	return $this->_run('install', ["--destdir=$destdir"], @arguments);
}

sub clean {
	my ($this, @arguments) = @_;
	return $this->_run('clean', [], @arguments);
}

sub _run {
	my ($this, $step, $options, @arguments) = @_;
	my $jobs = $this->get_parallel() // 1;
	my $control = Dpkg::Control::Info->new('debian/control');
	my @command = ('truewheel', 'debhelper', $step,
		'--build-depends=' . _build_depends($control->get_source()),
		'--packages=' . join(' ', map { $_->{Package} } $control->get_packages()),
		'--changelog-version=' . _changelog_version(),
		'--parallel=' . ($jobs > 0 ? $jobs : 1),
		@{$options});
	push @command, '--sourcedir=' . $this->get_sourcedir() if $this->get_sourcedir() ne '.';
	push @command, '--quiet' if $dh{QUIET};
	push @command, '--verbose' if $dh{VERBOSE};
	doit_noerror(@command, map { "--argument=$_" } @arguments)
		or error("truewheel could not $step this; its lines above say why");
	return;
}

# What debian/rules includes is not looked at, and might.
sub _may_call_dh_python3 {
	return 1 if _build_depends(Dpkg::Control::Info->new('debian/control')->get_source()) =~ /dh-sequence-python3/;
	open(my $rules, '<', 'debian/rules') or return 1;
	return scalar(grep { /^[^#]*python3|^[-s]?include\s/ } <$rules>);
}

sub _build_depends {
	my ($source) = @_;
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

__END__

=encoding UTF-8

=head1 NAME

Debian::Debhelper::Buildsystem::truewheel - build Python modules with truewheel, in place of pybuild

=head1 SYNOPSIS

 #!/usr/bin/make -f
 export PYBUILD_NAME = example

 %:
 	dh $@ --buildsystem=truewheel

=head1 DESCRIPTION

This build system for B<debhelper>(7) does what B<pybuild>(1) does, by the same names and in the same places: a
F<debian/rules> that was written for pybuild needs one word changed, and its packages stay what they were, byte
for byte. What is different: a wheel is checked from end to end before a file of it is unpacked, what is copied
into the package is copied whole or not at all, and what goes wrong is one line that says what to do.

It is chosen by B<--buildsystem=truewheel> alone and never found by itself. B<dh_python3>(1) stays in the
sequence: keep C<dh-sequence-python3> in Build-Depends. Packages have no bytecode then, as Debian's policy
asks; B<dh_truewheel>(1) is for those who want it shipped.

=head2 Pythons

C<python3-all>, C<python3-all-dev> or C<libpython3-all-dev> in Build-Depends, Build-Depends-Arch or
Build-Depends-Indep build for every supported version, C<python3>, C<python3-dev> or C<libpython3-dev> for the
default one. The default comes last, so that its scripts are the ones that stay. B<py3versions>(1) says which
they are.

=head2 How a source is built

B<PYBUILD_SYSTEM> says it, else a C<pybuild-plugin-...> in Build-Depends, else what lies in the source:

=over 4

=item B<distutils>

F<setup.py> is there: it is run for each Python with C<config>, C<build> and C<install --root>.

=item B<pyproject>

The backend that F<pyproject.toml> names builds a wheel, without isolation and without a network. The wheel is
unpacked to F<.pybuild/cpython3_X.Y_NAME/build>, and to F<scripts>, F<data> and F<include> beside it. Where a
source has F<setup.py> as well, C<pybuild-plugin-pyproject> in Build-Depends or C<PYBUILD_SYSTEM=pyproject>
chooses this.

=item B<custom>

B<PYBUILD_BUILD_ARGS> and its like are the commands.

=back

=head2 Tests

The first of C<tox>, C<python3-pytest>, C<python3-nose2>, C<python3-nose> and C<python3-stestr> in Build-Depends
is the runner, else unittest finds what there is; C<PYBUILD_TEST_PYTEST=1> and the like choose, C<=0> forbids.
Tests run in the directory of the modules. What F<debian/pybuild.testfiles> lists, else F<pyproject.toml>,
F<pytest.ini>, F<test> and F<tests>, is copied there and removed again before the modules are installed, and so
is what runners leave behind. C<nocheck> in DEB_BUILD_OPTIONS or DEB_BUILD_PROFILES leaves tests out.

=head1 ENVIRONMENT

All that is said for pybuild counts here, also with the name of a Python behind it, as in
C<PYBUILD_DISABLE_python3.11=test>. The same words are understood as options behind C<-->, as in
C<dh_auto_test -- --test-args=-v>.

=over 4

=item B<PYBUILD_NAME>, B<PYBUILD_DIR>, B<PYBUILD_DESTDIR>, B<PYBUILD_BUILD_DIR>, B<PYBUILD_INSTALL_DIR>

The module's name, from which comes F<debian/python3-NAME>; and the places, where the usual ones do not suit.

=item B<PYBUILD_INTERPRETERS>, B<PYBUILD_VERSIONS>, B<PYBUILD_DISABLE>

Which Pythons, in place of what Build-Depends ask for, and what to leave out: C<test>, C<3.11>, C<test/3.11>.

=item B<PYBUILD_>I<STEP>B<_ARGS>, B<PYBUILD_BEFORE_>I<STEP>, B<PYBUILD_AFTER_>I<STEP>

For the steps C<CONFIGURE>, C<BUILD>, C<TEST>, C<INSTALL> and C<CLEAN>: arguments of the step's command, and
commands before and after it. They may name C<{dir}>, C<{destdir}>, C<{build_dir}>, C<{home_dir}>,
C<{install_dir}>, C<{interpreter}>, C<{version}>, C<{version.major}>, C<{package}> and C<{args}>.

=item B<PYBUILD_EXT_DESTDIR>, B<PYBUILD_EXT_PATTERN>, B<PYBUILD_EXT_SUB_PATTERN>, B<PYBUILD_EXT_SUB_REPL>

Where extension modules are moved to, which files these are, and how their paths change.

=item B<http_proxy>, B<https_proxy>

Lead nowhere unless they are set; set to nothing they are removed.

=item B<SETUPTOOLS_SCM_PRETEND_VERSION>, B<PDM_BUILD_SCM_VERSION>, B<POETRY_DYNAMIC_VERSIONING_BYPASS>, B<PBR_VERSION>

Set from F<debian/changelog> where Build-Depends name the package that reads them, unless they are set.

=item B<DEBPYTHON3_DEFAULT>, B<DEBPYTHON3_SUPPORTED>

Take the place of what py3versions says.

=item B<DH_VERBOSE>, B<DH_QUIET>

Say what was decided; leave what commands print in F<.pybuild/cpython3_X.Y_NAME/STEP.log>.

=back

=head1 ERRORS

One line each, and the step fails: no Python in Build-Depends, a backend that is not installed (the line names
the package to add), no wheel or several, a wheel that is not as the specification says, nothing to install, a
B<PYBUILD_NAME> that no package has, a template with an unknown name, a failing command. Building and testing
go on with the other Pythons and fail then. It is a warning where nothing calls B<dh_python3>(1).

=head1 SEE ALSO

B<debhelper>(7), B<dh_auto_build>(1), B<dh_python3>(1), B<dh_truewheel>(1), B<pybuild>(1)

=cut
