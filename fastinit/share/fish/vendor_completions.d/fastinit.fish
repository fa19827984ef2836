# fish completion of fastinit: everything of systemctl's, and its own. Made by `make docs`.

functions -q __fastinit_no_verb; or source (string replace -r '[^/]*$' '' (status filename))systemctl.fish
complete -c fastinit -w systemctl
complete -c fastinit -n __fastinit_no_verb -a stats -d 'What the running init has reaped, and how fast'
complete -c fastinit -n __fastinit_no_verb -a install -d 'Have systemctl, init, halt and their kin lead to this fastinit; manual pages and completions, too'
complete -c fastinit -n __fastinit_no_verb -a uninstall -d 'Remove them, and put back what was there'
