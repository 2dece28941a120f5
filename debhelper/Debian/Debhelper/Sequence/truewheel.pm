# debhelper sequence add-on: ship bytecode
use strict;
use warnings;

use Debian::Debhelper::Dh_Lib;

# after dh_python3, which moves and renames modules, and before dh_installdeb, which reads the snippets; the places
# of other commands differ between compat 13 and 14
insert_before('dh_installdeb', 'dh_truewheel');

1;
