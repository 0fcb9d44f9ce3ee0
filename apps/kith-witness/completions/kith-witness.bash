# SPDX-License-Identifier: MPL-2.0
# Completion of kith-witness for bash.
_kith_witness() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "check key run --help --version" -- "$word")
    elif [[ $before == --data ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
    elif [[ ${COMP_WORDS[1]} == check ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "--data" -- "$word")
    fi
}
complete -o filenames -F _kith_witness kith-witness
