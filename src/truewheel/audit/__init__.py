"""Says what is wrong with a tree, a package, an image or a wheel."""
