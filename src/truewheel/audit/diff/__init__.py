"""Say why two targets differ: each cause by its name, in words, and how much it matters."""
