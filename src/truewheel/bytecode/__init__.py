"""Names and jobs of pycs, and the pool of target compilers that makes them."""
