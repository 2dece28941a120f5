def rewrite(
    stream: bytes,
    version: tuple[int, int],
    ints: int,
    localsplus: bool,
    slices: bool,
    latin1: bool,
    paths: bool,
    single: str,
    own_names: str | None,
    filename: bytes | None,
    /,
) -> bytes: ...
