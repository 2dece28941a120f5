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

# chosen by --buildsystem alone: other sources keep their build system
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

# Included makefiles are not read: they may call it.
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

This build system for B<debhelper>(7) has the names, places and results of B<pybuild>(1): a F<debian/rules> that was
written for pybuild needs one word changed, and its packages stay the same to the byte. Three things differ: a wheel is
checked from end to end before a file of it is unpacked, files are copied into the package all or none, and an error is
one line with the remedy.

It is chosen by B<--buildsystem=truewheel> alone and never detected. B<dh_python3>(1) stays in the sequence: keep
C<dh-sequence-python3> in Build-Depends. Packages then have no bytecode, as Debian's policy asks; B<dh_truewheel>(1)
ships it.

=head2 Pythons

C<python3-all>, C<python3-all-dev> or C<libpython3-all-dev> in Build-Depends, Build-Depends-Arch or
Build-Depends-Indep build for every supported version, C<python3>, C<python3-dev> or C<libpython3-dev> for the
default one. The default comes last, so that its scripts stay. B<py3versions>(1) names the versions, within
X-Python3-Version of F<debian/control>.

=head2 How a source is built

By B<PYBUILD_SYSTEM>, else by a C<pybuild-plugin-...> in Build-Depends, else by the files of the source:

=over 4

=item B<distutils>

F<setup.py> is run for each Python with C<config>, C<build> and C<install --root>.

=item B<pyproject>

The backend that F<pyproject.toml> names builds a wheel, without isolation and without a network. The wheel is
unpacked to F<.pybuild/cpython3_X.Y_NAME/build>, and to F<scripts>, F<data> and F<include> beside it. Where a
source has F<setup.py> as well, C<pybuild-plugin-pyproject> in Build-Depends or C<PYBUILD_SYSTEM=pyproject>
chooses this. C<PYBUILD_SYSTEM=flit> means the same.

=item B<custom>

B<PYBUILD_BUILD_ARGS> and its like are the commands.

=back

=head2 Tests

The first of C<tox>, C<python3-pytest>, C<python3-nose2>, C<python3-nose> and C<python3-stestr> in Build-Depends
is the runner, else unittest runs the tests that it finds; C<PYBUILD_TEST_PYTEST=1> and the like choose a runner, C<=0>
forbids one. Beside a dh-python before 6, a F<setup.py> with C<test_suite> is run with C<test>, unless a runner is
chosen. Tests run in the directory of the modules. The files that F<debian/pybuild.testfiles> lists, else
F<pyproject.toml>, F<pytest.ini>, F<test> and F<tests>, are copied there; they and the caches of runners are removed
before the modules are installed. C<nocheck> in DEB_BUILD_OPTIONS or DEB_BUILD_PROFILES leaves tests out.

=head1 ENVIRONMENT

The variables of pybuild count, also with the name of a Python as suffix, as in
C<PYBUILD_DISABLE_python3.11=test>. So do its options behind C<-->, abbreviated or not, as in
C<dh_auto_test -- --test-args=-v>.

=over 4

=item B<PYBUILD_NAME>, B<PYBUILD_DIR>, B<PYBUILD_DESTDIR>, B<PYBUILD_BUILD_DIR>, B<PYBUILD_INSTALL_DIR>

The module's name, which gives F<debian/python3-NAME>, and other directories than the usual ones.

=item B<PYBUILD_INTERPRETERS>, B<PYBUILD_VERSIONS>, B<PYBUILD_DISABLE>

The Pythons, instead of those that Build-Depends ask for, and what to leave out: C<test>, C<3.11>, C<test/3.11>.

=item B<PYBUILD_>I<STEP>B<_ARGS>, B<PYBUILD_BEFORE_>I<STEP>, B<PYBUILD_AFTER_>I<STEP>

For the steps C<CONFIGURE>, C<BUILD>, C<TEST>, C<INSTALL> and C<CLEAN>: arguments of the step's command, and
commands before and after it. They may name C<{dir}>, C<{destdir}>, C<{build_dir}>, C<{home_dir}>,
C<{install_dir}>, C<{interpreter}>, C<{version}>, C<{version.major}>, C<{package}> and C<{args}>.

=item B<PYBUILD_EXT_DESTDIR>, B<PYBUILD_EXT_PATTERN>, B<PYBUILD_EXT_SUB_PATTERN>, B<PYBUILD_EXT_SUB_REPL>

The directory that extension modules are moved to, a pattern of their names, and a substitution in their paths.

=item B<http_proxy>, B<https_proxy>

Point to a closed port unless they are set; empty ones are removed.

=item B<SETUPTOOLS_SCM_PRETEND_VERSION>, B<PDM_BUILD_SCM_VERSION>, B<POETRY_DYNAMIC_VERSIONING_BYPASS>, B<PBR_VERSION>

Set from F<debian/changelog> where Build-Depends name the package that reads them, unless they are set already.

=item B<DEBPYTHON3_DEFAULT>, B<DEBPYTHON3_SUPPORTED>

Replace the answers of py3versions.

=item B<DH_VERBOSE>, B<PYBUILD_VERBOSE>

Print the decisions.

=item B<DH_QUIET>, B<PYBUILD_QUIET>, B<PYBUILD_RQUIET>

Print nothing, and leave the output of commands in F<.pybuild/cpython3_X.Y_NAME/STEP.log>.

=back

=head1 ERRORS

Each is one line, and fails the step: no Python in Build-Depends, a missing backend (the line names the package to
add), no wheel or several, a wheel that breaks the specification, nothing to install, a template with an unknown name,
a failing command. Building and testing go on with the other Pythons and fail then.

A B<PYBUILD_NAME> that gives the name of no package is an error before the first file is copied, where the modules
would be in no package at all. Where they may be moved into one by F<debian/rules>, or belong to one Python of several,
it is a warning at the end of the install step. It is a warning, too, where nothing calls B<dh_python3>(1).

=head1 SEE ALSO

B<debhelper>(7), B<dh_auto_build>(1), B<dh_python3>(1), B<dh_truewheel>(1), B<pybuild>(1)

=cut
