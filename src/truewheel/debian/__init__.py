"""The build system for debhelper: pybuild's names, places and results, truewheel's checks and errors."""
