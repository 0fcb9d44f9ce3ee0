# SPDX-License-Identifier: MPL-2.0
# Completion of kith-witness for fish.
complete -c kith-witness -f
complete -c kith-witness -n __fish_use_subcommand -a check -d 'Say what a file of evidence proves'
complete -c kith-witness -n __fish_use_subcommand -a key -d 'Print the lines by which others know this witness'
complete -c kith-witness -n __fish_use_subcommand -a run -d 'Follow, cosign and answer'
complete -c kith-witness -n __fish_use_subcommand -l help -d 'Print help'
complete -c kith-witness -n __fish_use_subcommand -l version -d 'Print the version'
complete -c kith-witness -n '__fish_seen_subcommand_from check' -F
complete -c kith-witness -n '__fish_seen_subcommand_from key run' -l data -x -a '(__fish_complete_directories)' -d 'The folder that holds everything'
