"""Make existing trees, layers and images reproducible: read them, decide, write."""
