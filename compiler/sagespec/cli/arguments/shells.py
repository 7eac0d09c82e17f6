"""What makes a shell ask sagespec what may stand on the command line that is being typed.

The scripts know nothing of commands and options: they call `sagespec __complete -- WORD…`, whose answer is one line for
each thing to offer (the word, a tab, what it means), and `:files` or `:folders` where names of files fit as well. So
they never age. (The way of cobra, which kubectl and others are made with.)
"""

from __future__ import annotations

from collections.abc import Mapping

BASH = r"""# bash completion of sagespec: source <(sagespec completion bash)
_sagespec_names() {
    local name
    compopt -o filenames
    while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen "$1" -- "$2")
}
_sagespec() {
    local current="${COMP_WORDS[COMP_CWORD]}" line="${COMP_LINE:0:COMP_POINT}" word answer
    local -a words
    read -ra words <<<"$line"
    [[ "$line" == *[[:space:]] || ${#words[@]} -eq 1 ]] && words+=("")
    COMPREPLY=()
    while IFS= read -r answer; do
        word="${answer%%$'\t'*}"
        case "$word" in
            :files) _sagespec_names -f "$current" ;;
            :folders) _sagespec_names -d "$current" ;;
            *=) compopt -o nospace; COMPREPLY+=("$word") ;;
            *) COMPREPLY+=("$word") ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _sagespec sagespec
"""

ZSH = r"""#compdef sagespec
# zsh completion of sagespec: source <(sagespec completion zsh), below compinit
_sagespec() {
    local answer word meaning
    local -a found
    while IFS= read -r answer; do
        word="${answer%%$'\t'*}"
        meaning="${answer#*$'\t'}"
        case "$word" in
            :files) _files ;;
            :folders) _files -/ ;;
            *=) compadd -S '' -- "$word" ;;
            *) found+=("${word//:/\\:}:$meaning") ;;
        esac
    done < <("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#found} )) && _describe -V sagespec found
}
compdef _sagespec sagespec
"""

FISH = r"""# fish completion of sagespec: sagespec completion fish | source
function __sagespec_offers
    set -l words (commandline -opc) (commandline -ct)
    for answer in ($words[1] __complete -- $words[2..-1] 2>/dev/null)
        switch $answer
            case ':files*'
                __fish_complete_path (commandline -ct)
            case ':folders*'
                __fish_complete_directories (commandline -ct)
            case '*'
                printf '%s\n' $answer
        end
    end
end
complete -c sagespec -f -a '(__sagespec_offers)'
"""

SCRIPTS: Mapping[str, str] = {"bash": BASH, "zsh": ZSH, "fish": FISH}
"""Shell → the script that it reads at its start."""
