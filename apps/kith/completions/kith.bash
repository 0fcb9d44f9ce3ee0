# SPDX-License-Identifier: MPL-2.0
# Completion of kith for bash.
_kith_chats() {
    local data=()
    [[ -n ${_kith_data:-} ]] && data=(--data "$_kith_data")
    kith chats --json "${data[@]}" 2>/dev/null | grep -o '"name":"[^"\\]*"' | cut -d'"' -f4
}

_kith() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb= i
    local _kith_data=
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --data) _kith_data=${COMP_WORDS[++i]} ;;
        -*) ;;
        *)
            verb=${COMP_WORDS[i]}
            break
            ;;
        esac
    done
    if [[ $before == --data ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
    fi
    if [[ $before == --wait ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'sent delivered read' -- "$word")
        return
    fi
    if [[ -z $verb ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'join new invite link send read chat chats people who accept decline group
            devices name alarms daemon rpc doctor help --json --data --help --version' -- "$word")
        return
    fi
    local options='--json --data --help'
    case $verb in
    join | new) options+=' --name --device' ;;
    invite) options+=' --qr' ;;
    link) options+=' --yes --name' ;;
    send) options+=' --once --wait' ;;
    read) options+=' --follow --last --keep-unread' ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    case $verb in
    send | read | chat | who | accept | decline)
        local IFS=$'\n'
        mapfile -t COMPREPLY < <(compgen -W "$(_kith_chats)" -- "$word")
        COMPREPLY=("${COMPREPLY[@]// /\\ }")
        ;;
    group) mapfile -t COMPREPLY < <(compgen -W 'new add remove leave' -- "$word") ;;
    devices) mapfile -t COMPREPLY < <(compgen -W 'remove' -- "$word") ;;
    daemon) mapfile -t COMPREPLY < <(compgen -W 'stop' -- "$word") ;;
    help) mapfile -t COMPREPLY < <(compgen -W 'join new invite link send read chat chats people who accept decline
            group devices name alarms daemon rpc doctor' -- "$word") ;;
    esac
}
complete -F _kith kith
