"""What makes a shell ask sagespec what may stand on the command line that is being typed.

The scripts know nothing of commands and options: they call `sagespec __complete -- WORD…`, whose answer is one line for
each thing to offer (the word, a tab, what it means), and `:files` or `:folders` where names of files fit as well. So
they never age. (The way of cobra, which kubectl and others are made with.)
"""

from __future__ import annotations

from collections.abc import Mapping

BASH = r"""# bash completion of sagespec: source <(sagespec completion bash)
_sagespec() {
    local current="${COMP_WORDS[COMP_CWORD]}" line="${COMP_LINE:0:COMP_POINT}" answer word names=""
    local -a words
    read -a words <<<"$line"
    [[ "$line" == *[[:space:]] ]] && words+=("")
    [[ "$current" == "=" ]] && current=""
    local before="${words[${#words[@]} - 1]%"$current"}" # bash splits at "=" and replaces only what is behind it
    COMPREPLY=()
    while IFS= read -r answer; do
        word="${answer%%$'\t'*}"
        case "$word" in
            :files) names=f ;;
            :folders) names=d ;;
            *) COMPREPLY+=("${word#"$before"}") ;;
        esac
    done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
    if [[ -n "$names" && ${#COMPREPLY[@]} -gt 0 ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "-$names" -- "$current")
    elif [[ -n "$names" ]]; then
        [[ "$names" == f ]] && compopt -o default 2>/dev/null || compopt -o dirnames 2>/dev/null
    elif [[ "${COMPREPLY[*]}" == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
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
            "$meaning") found+=("${word//:/\\:}") ;;
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
