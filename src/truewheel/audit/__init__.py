"""Says what is wrong with a tree, a package, an image or a wheel, and why two of them differ."""
