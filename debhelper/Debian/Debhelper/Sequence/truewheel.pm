# debhelper sequence add-on: ship bytecode
use strict;
use warnings;

use Debian::Debhelper::Dh_Lib;

# dh_python3 has moved and renamed everything by then, and dh_installdeb still reads the snippets, in every
# compat level; other anchors move between 13 and 14
insert_before('dh_installdeb', 'dh_truewheel');

1;
