"""Names, headers and jobs of pycs, and the pool of target compilers that makes them."""
