"""Read and write what is below a root; no other code writes there."""
