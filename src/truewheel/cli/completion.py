"""Write completions of the command line for bash, zsh and fish."""

from __future__ import annotations

from collections.abc import Iterator

from truewheel.cli.grammar import Argument, commands
from truewheel.cli.main import _COMMANDS
from truewheel.schemes import shipped_schemes

# where shells look, below a prefix
COMPLETIONS = {
    "bash": "share/bash-completion/completions/truewheel",
    "zsh": "share/zsh/site-functions/_truewheel",
    "fish": "share/fish/vendor_completions.d/truewheel.fish",
}


def completions() -> dict[str, str]:
    """Return the completions by the name of their shell."""
    return {shell: "\n".join(lines()) + "\n" for shell, lines in _SHELLS.items()}


def _bash() -> Iterator[str]:
    """Yield a function that looks for the command among the words, then at the word before the cursor."""
    yield "# bash completion of truewheel; written from its parsers"
    yield "_truewheel()"
    yield "{"
    yield '    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word'
    yield '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do'
    yield "        case $command:$word in"
    for place, names in _places().items():
        prefix = f"{place} " if place else ""
        patterns = "|".join(_bash_word(place, name) for name in names)
        yield f'            {patterns}) command="{prefix}$word" ;;'
    yield "        esac"
    yield "    done"
    yield "    case $command:$prev in"
    for command in commands():
        for option in command.options:
            reply = _bash_value(option)
            if option.value and reply:
                patterns = "|".join(f'"{" ".join(command.words)}":{name}' for name in option.names)
                yield f"        {patterns}) {reply}; return ;;"
    yield "    esac"
    yield "    case $command in"
    for place, names in _places().items():
        yield f"        {_quoted(place)}) {_bash_words(names)} ;;"
    for command in commands():
        names = [name for option in command.options for name in option.names]
        yield f"        {_quoted(' '.join(command.words))})"
        yield f"            case $cur in -*) {_bash_words(names)} ;;"
        replies = [reply for reply in map(_bash_value, command.positionals) if reply]
        yield f"                *) {replies[0] if replies else ':'} ;; esac ;;"
    yield "    esac"
    yield "}"
    yield "complete -o filenames -F _truewheel truewheel"


def _zsh() -> Iterator[str]:
    yield "#compdef truewheel"
    yield "# zsh completion of truewheel; written from its parsers"
    yield f"_truewheel_schemes() {{ compadd {' '.join(shipped_schemes())}; _files }}"
    yield "_truewheel() {"
    yield '    local command="" word'
    yield "    local -i index=0 at=1"
    yield '    for word in "${(@)words[2,CURRENT-1]}"; do'
    yield "        index+=1"
    yield "        case $command:$word in"
    for place, names in _places().items():
        prefix = f"{place} " if place else ""
        patterns = "|".join(_bash_word(place, name) for name in names)
        yield f'            {patterns}) command="{prefix}$word"; at=$((index + 1)) ;;'
    yield "        esac"
    yield "    done"
    yield '    if (( at > 1 )); then words=("${(@)words[at,-1]}"); (( CURRENT -= at - 1 )); fi'
    yield "    case $command in"
    for place, names in _places().items():
        described = " ".join(_quoted(f"{name}:{_about(place, name)}".replace("\n", " ")) for name in names)
        yield f"        {_quoted(place)}) local -a names=({described}); _describe command names ;;"
    for command in commands():
        specs = " ".join(_quoted(spec) for argument in command.arguments for spec in _zsh_specs(argument))
        yield f"        {_quoted(' '.join(command.words))}) _arguments -s {specs} ;;"
    yield "    esac"
    yield "}"
    yield '_truewheel "$@"'


def _fish() -> Iterator[str]:
    yield "# fish completion of truewheel; written from its parsers"
    yield "complete -c truewheel -f"
    for place, names in _places().items():
        within = f"__fish_seen_subcommand_from {place}" if place else "__fish_use_subcommand"
        inside = f"; and not __fish_seen_subcommand_from {' '.join(names)}" if place else ""
        for name in names:
            about = _quoted(_about(place, name))
            yield f"complete -c truewheel -n {_quoted(within + inside)} -a {name} -d {about}"
    for command in commands():
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.words)
        for argument in command.arguments:
            flags = [f"-l {name[2:]}" if name[:2] == "--" else f"-s {name[1:]}" for name in argument.names]
            what = [f"-d {_quoted(argument.help)}"] if flags else []
            words = [*flags, *_fish_value(argument), *what]
            if words:
                yield " ".join(["complete -c truewheel -n", _quoted(seen), *words])


_SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}


def _places() -> dict[str, list[str]]:
    """The words that may come next, by the words of the command that were given."""
    places: dict[str, list[str]] = {"": list(_COMMANDS)}
    for command in commands():
        for number in range(1, len(command.words)):
            places.setdefault(" ".join(command.words[:number]), []).append(command.words[number])
    return places


def _about(place: str, name: str) -> str:
    if not place:
        return _COMMANDS[name]
    words = (*place.split(), name)
    return next(command.description for command in commands() if command.words == words)


def _bash_word(place: str, name: str) -> str:
    return f'"{place}":{name}'


def _bash_words(names: list[str]) -> str:
    return f'mapfile -t COMPREPLY < <(compgen -W {_quoted(" ".join(names))} -- "$cur")'


def _bash_value(argument: Argument) -> str:
    if argument.choices:
        return _bash_words(list(argument.choices))
    files = {"scheme": f"-W {_quoted(' '.join(shipped_schemes()))} -f", "directory": "-d", "path": "-f"}
    kind = files.get(argument.kind)
    return f'mapfile -t COMPREPLY < <(compgen {kind} -- "$cur")' if kind else ""


def _zsh_specs(argument: Argument) -> Iterator[str]:
    values = {
        "scheme": "_truewheel_schemes",
        "directory": "_files -/",
        "path": "_files",
        "": f"({' '.join(argument.choices)})" if argument.choices else " ",
    }
    value = f"{_zsh_text(argument.value)}:{values[argument.kind]}"
    if not argument.names:
        yield f"{'*' if argument.repeatable else ''}:{value}"
    for name in argument.names:
        about = f"[{_zsh_text(argument.help)}]"
        yield f"{'*' if argument.repeatable else ''}{name}{about}{f':{value}' if argument.value else ''}"


def _zsh_text(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").replace(":", " ")


def _fish_value(argument: Argument) -> list[str]:
    if argument.choices:
        return [f"-x -a {_quoted(' '.join(argument.choices))}"]
    values = {
        "scheme": f"-r -F -a {_quoted(' '.join(shipped_schemes()))}",
        "directory": "-x -a '(__fish_complete_directories)'",
        "path": "-r -F",
    }
    value = values.get(argument.kind, "-x" if argument.value and argument.names else "")
    return [value] if value else []


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
