"""Read the bytecode of others by its structure: nothing is unmarshalled or executed."""
