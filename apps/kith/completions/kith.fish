# SPDX-License-Identifier: MPL-2.0
# Completion of kith for fish.
function __kith_chats
    kith chats --json 2>/dev/null | string match -ar '"name":"[^"\\\\]*"' | string replace -r '"name":"(.*)"' '$1'
end

function __kith_verb
    __fish_seen_subcommand_from $argv
end

complete -c kith -f
complete -c kith -l json -d 'Print for programs'
complete -c kith -l data -r -a '(__fish_complete_directories)' -d 'Folder of another account'
complete -c kith -l help -d 'Help'
set -l verbs join new invite link send read chat chats people who accept decline group devices name alarms daemon rpc doctor help
complete -c kith -n "not __fish_seen_subcommand_from $verbs" -a "$verbs"
complete -c kith -n '__kith_verb join new' -l name -x -d 'What others call you'
complete -c kith -n '__kith_verb join new' -l device -x -d 'What you call this device'
complete -c kith -n '__kith_verb invite' -l qr -d 'Draw a code too'
complete -c kith -n '__kith_verb link' -l yes -d 'Say yes without asking'
complete -c kith -n '__kith_verb link' -l name -x -d 'Name of this device'
complete -c kith -n '__kith_verb send' -l once -x -d 'The same ID sends once'
complete -c kith -n '__kith_verb send' -l wait -x -a 'sent delivered read' -d 'Wait until'
complete -c kith -n '__kith_verb read' -l follow -d 'Go on with what comes'
complete -c kith -n '__kith_verb read' -l last -x -d 'How many messages'
complete -c kith -n '__kith_verb read' -l keep-unread -d 'Tell nobody'
complete -c kith -n '__kith_verb send read chat who accept decline' -a '(__kith_chats)'
complete -c kith -n '__kith_verb group' -a 'new add remove leave (__kith_chats)'
complete -c kith -n '__kith_verb devices' -a remove
complete -c kith -n '__kith_verb daemon' -a stop
