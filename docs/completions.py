"""Completion for bash, zsh and fish, made from the tables of verbs and options.

In:  control.verbs, options, help_text, words; units.directives and render.show for the names of properties.
Out: PAGES: path below fastinit/share -> text. What stands on a command line is known here, which units there are is asked of systemctl
when somebody presses a key: of a running manager, or of the files.
Never: offers what the verb would refuse: `start` gets what does not run, `stop` what does, `unmask` what is masked …
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Tuple

from fastinit.control import help_text, options, system, verbs, words
from fastinit.control.render import show
from fastinit.units import directives

MADE = "Made by `make docs`."
ACTIVE = "active,reloading,refreshing,activating,deactivating"
STARTABLE = "enabled,enabled-runtime,linked,linked-runtime,alias,static,indirect,disabled,generated,transient"
ENABLED = "enabled,enabled-runtime,linked,linked-runtime,alias"

# What a verb's words are: kinds of `_fastinit_words`, the last one for all that follow.
ARGUMENTS: Dict[str, Tuple[str, ...]] = {
    **dict.fromkeys(("stop", "try-restart", "try-reload-or-restart", "kill", "freeze", "thaw"), ("active",)),
    **dict.fromkeys(("restart", "reload-or-restart", "start", "init"), ("known",)),
    **dict.fromkeys(("is-active", "is-failed", "status", "show", "cat", "help", "list-dependencies", "list-units", "edit", "revert",
                     "is-enabled", "preset", "list-unit-files", "list-start-dependencies", "environment", "command", "log"), ("any",)),
    **{f"list-{kind}s": (f"{kind}-units",) for kind in ("automount", "path", "socket", "timer")},
    "start": ("startable",), "reload": ("reloadable",), "isolate": ("isolatable",), "reset-failed": ("failed",), "clean": ("inactive",),
    "enable": ("disabled",), "disable": ("enabled",), "reenable": ("enabled",), "mask": ("unmasked",), "unmask": ("masked",),
    "add-wants": ("targets", "any"), "add-requires": ("targets", "any"), "set-default": ("targets",), "default-services": ("targets",), "link": ("paths",),
    "set-property": ("any", "settings"), "cancel": ("jobs",), "list-jobs": ("queued",),
    "unset-environment": ("variables",), "set-environment": ("assignments",), "import-environment": ("own-variables",),
    "log-level": ("log-levels",), "log-target": ("log-targets",), "service-watchdogs": ("booleans",),
}
# Nothing can be known of these: numbers, names of machines, what is refused.
UNKNOWN = frozenset(("list-machines", "whoami", "exit", "reboot", "switch-root", "bind", "mount-image", "service-log-level",
                     "service-log-target"))
LISTS: Dict[str, Tuple[str, ...]] = {
    "log-levels": system.LOG_LEVELS, "log-targets": system.LOG_TARGETS, "booleans": ("yes", "no"),
    "settings": tuple(f"{row.name}=" for row in directives.TABLE["Resource"] if row.support != directives.REFUSED),
}


class Value(NamedTuple):
    """What may follow an option: words, or "/" for a path; several with commas or one."""

    choices: Tuple[str, ...]
    is_list: bool = False


def _unique(*groups: "Tuple[str, ...]") -> Tuple[str, ...]:
    return tuple(dict.fromkeys(word for group in groups for word in group))


VALUES: Dict[str, Value] = {
    "type": Value(words.TYPES_IN_ORDER, True),
    "state": Value(_unique(words.LOAD_STATES, words.ACTIVE_STATES, words.UNIT_FILE_STATES, *words.SUB_STATES.values()), True),
    "property": Value(show.names(), True), "P": Value(show.names(), True),
    "output": Value(words.OUTPUT_MODES), "job-mode": Value(words.JOB_MODES), "signal": Value(tuple(words.signal_help()[1:])),
    "what": Value((*words.CLEAN_KINDS, "all"), True), "kill-whom": Value(system.WHOM), "preset-mode": Value(words.PRESET_MODES),
    "timestamp": Value(words.TIMESTAMP_STYLES), "legend": Value(("yes", "no")), "check-inhibitors": Value(("auto", "yes", "no")),
    "root": Value(("/",)), "when": Value(("show", "cancel")), "extra-vars": Value(("/",)), "environment": Value(("/",)),
}
# Their values are numbers, names and texts, or they are refused.
FREE = frozenset(("lines", "kill-value", "message", "reboot-argument", "drop-in", "config", "maxtimeout", "capsule", "host", "machine", "image",
                  "image-policy", "boot-loader-menu", "boot-loader-entry", "coverage"))


def offered() -> List[options.Option]:
    """What can be used: neither refused nor an old spelling."""
    return [option for option in options.OPTIONS
            if not isinstance(option.apply, options.Refuse) and option.long != "kill-who"]


def value_of(option: options.Option) -> Value:
    return VALUES.get(option.long or option.short, Value(()))


def verb_lines() -> Dict[str, str]:
    """Verb -> its line in --help; the refused ones are left out."""
    lines = {usage.split()[0]: text for rows in help_text.VERB_SECTIONS.values() for usage, text in rows}
    return {verb.name: lines[verb.name] for verb in verbs.VERBS
            if verb.name in lines and not isinstance(verb.run, system.Refused)}


def option_lines() -> Dict[str, str]:
    return {name.partition("=")[0]: text for left, text in help_text.OPTION_ROWS for name in left.split() if name.startswith("-")}


# ---- what bash and zsh share -----------------------------------------------------------------------------------------

SHARED = r"""
# Units in memory, one a line, but for those that others only name; the arguments are options of list-units.
_fastinit_loaded()
{
    local unit='' load='' rest=''
    systemctl "${_fastinit_where[@]}" list-units --plain --no-legend --full --no-pager "$@" 2>/dev/null |
        while read -r unit load rest; do
            if [[ $load != not-found ]]; then printf '%s\n' "$unit"; fi
        done
}

# Unit files, one a line; the arguments are options of list-unit-files.
_fastinit_files()
{
    local unit='' rest=''
    systemctl "${_fastinit_where[@]}" list-unit-files --no-legend --full --no-pager "$@" 2>/dev/null |
        while read -r unit rest; do printf '%s\n' "$unit"; done
}

# Those of the units on stdin for which a property is "yes".
_fastinit_that()
{
    local name='' unit='' property=$1
    local -a units=()
    while read -r name; do units+=("$name"); done
    if (( ${#units[@]} == 0 )); then return; fi
    systemctl "${_fastinit_where[@]}" show --no-pager --property="Id,$property" -- "${units[@]}" 2>/dev/null |
        while IFS='=' read -r property name; do
            case $property in
                Id) unit=$name ;;
                ?*) if [[ $name == yes ]]; then printf '%s\n' "$unit"; fi ;;
            esac
        done
}

# Lines of stdin that are no template, and none of the first command's; each once.
_fastinit_without()
{
    local -A seen=()
    local unit=''
    while read -r unit; do seen[$unit]=1; done < <("$@")
    while read -r unit; do
        if [[ $unit != *@.* && -z ${seen[$unit]-} ]]; then
            seen[$unit]=1
            printf '%s\n' "$unit"
        fi
    done
}

_fastinit_nothing() { :; }

# All words of one kind, one a line.
_fastinit_words()
{
    local unit='' rest=''
    case $1 in
        any)        { _fastinit_loaded --all; _fastinit_files; } | sort -u ;;
        known)      { _fastinit_loaded --all; _fastinit_files --state=@STARTABLE@; } | _fastinit_without _fastinit_nothing ;;
        active)     _fastinit_loaded --state=@ACTIVE@ ;;
        inactive)   _fastinit_loaded --all --state=inactive,failed ;;
        startable)  { _fastinit_loaded --all --state=inactive,failed; _fastinit_files --state=@STARTABLE@; } |
                        _fastinit_without _fastinit_loaded --all --state=@ACTIVE@,masked ;;
        reloadable) _fastinit_loaded --state=active,reloading | _fastinit_that CanReload ;;
        isolatable) _fastinit_files --type=target | _fastinit_that AllowIsolate ;;
        failed)     _fastinit_loaded --state=failed ;;
        enabled)    _fastinit_files --state=@ENABLED@ ;;
        disabled)   _fastinit_files --state=disabled,indirect ;;
        masked)     _fastinit_files --state=masked,masked-runtime ;;
        unmasked)   _fastinit_files | _fastinit_without _fastinit_files --state=masked,masked-runtime ;;
        targets)    _fastinit_files --type=target ;;
        *-units)    _fastinit_loaded --all --type="${1%-units}" ;;
        jobs)       systemctl "${_fastinit_where[@]}" list-jobs --no-legend --no-pager 2>/dev/null |
                        while read -r unit rest; do printf '%s\n' "$unit"; done ;;
        queued)     systemctl "${_fastinit_where[@]}" list-jobs --no-legend --no-pager 2>/dev/null |
                        while read -r rest unit rest; do printf '%s\n' "$unit"; done ;;
        variables)  systemctl "${_fastinit_where[@]}" show-environment 2>/dev/null |
                        while IFS='=' read -r unit rest; do printf '%s\n' "$unit"; done ;;
        assignments) _fastinit_words variables | while read -r unit; do printf '%s=\n' "$unit"; done ;;
        own-variables) env | while IFS='=' read -r unit rest; do
                        if [[ $unit == [A-Za-z_]* && $unit != *[^A-Za-z0-9_]* ]]; then printf '%s\n' "$unit"; fi; done ;;
@LISTS@
    esac
}
"""


def shared() -> str:
    lists = "\n".join(f"        {name}) printf '%s\\n' {' '.join(items)} ;;" for name, items in LISTS.items())
    return (SHARED.replace("@STARTABLE@", STARTABLE).replace("@ACTIVE@", ACTIVE).replace("@ENABLED@", ENABLED)
            .replace("@LISTS@", lists))


# ---- bash -------------------------------------------------------------------------------------------------------------

BASH_REST = r"""
# Candidates on stdin: those that begin with what is typed after $1, as what bash puts in place of the word's last part.
_fastinit_offer()
{
    local typed=${word#"$1"} strip='' candidate full
    typed=${typed//\\\\/\\}
    # bash replaces only what stands behind the last of these in the word
    case $COMP_WORDBREAKS in *[=@:]*) strip=${word%"${word##*[=@:]}"} ;; esac
    while IFS= read -r candidate; do
        if [[ $candidate == "$typed"* ]]; then
            printf -v full %q "$1$candidate"
            COMPREPLY+=("${full#"$strip"}")
        fi
    done
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}

_fastinit_paths()
{
    compopt -o filenames 2>/dev/null
    local path
    while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -f -- "${word#"$1"}")
}

# The values of an option; $1 is what stands in front of them in the word.
_fastinit_values()
{
    local head=$1 list='' choices=''
    case $2 in
@VALUES@
        *) return ;;
    esac
    if [[ $choices == / ]]; then _fastinit_paths "$head"; return; fi
    if [[ $list ]]; then local typed=${word#"$head"}; head+=${typed%"${typed##*,}"}; fi
    _fastinit_offer "$head" < <(printf '%s\n' $choices)
}

_systemctl()
{
    local line=${COMP_LINE:0:COMP_POINT} word before verb='' awaits='' at=0 kind='' plain=''
    local -a words _fastinit_where=()
    word=${line##*[[:space:]]}
    read -ra words <<<"${line%"$word"}"
    for before in "${words[@]:1}"; do
        if [[ $awaits ]]; then
            if [[ $awaits == --root ]]; then _fastinit_where+=("--root=$before"); fi
            awaits=''
        elif [[ $plain || $before != -?* ]]; then
            if [[ $verb ]]; then at=$((at + 1)); else verb=$before; fi
        else
            case $before in
                --) plain=1 ;;
                --user|--system|--root=*) _fastinit_where+=("$before") ;;
                @TAKES@) awaits=$before ;;
            esac
        fi
    done
    if [[ $awaits ]]; then _fastinit_values '' "$awaits"
    elif [[ ! $plain && $word == --*=* ]]; then _fastinit_values "${word%%=*}=" "${word%%=*}"
    elif [[ ! $plain && $word == -* ]]; then _fastinit_offer '' < <(printf '%s\n' @OPTIONS@)
    elif [[ ! $verb ]]; then
        _fastinit_offer '' < <(printf '%s\n' @VERBS@)
        if [[ ${words[0]##*/} == fastinit ]]; then _fastinit_offer '' < <(printf '%s\n' @OWN@); fi
    else
        case $verb in
@ARGUMENTS@
        esac
        if [[ $word == */* || $kind == paths ]]; then _fastinit_paths ''
        elif [[ $kind ]]; then _fastinit_offer '' < <(_fastinit_words "$kind"); fi
    fi
} && complete -F _systemctl systemctl fastinit
"""
OWN = ("stats", "install", "uninstall")         # and init, which is systemctl's too


def _spellings(option: options.Option) -> List[str]:
    return [f"-{option.short}"] * bool(option.short) + [f"--{option.long}"] * bool(option.long)


def _bash_values() -> str:
    lines = []
    for option in offered():
        choices, is_list = value_of(option)
        if choices:
            extra = " list=1" if is_list else ""
            lines.append(f"        {'|'.join(_spellings(option))}) choices='{' '.join(choices)}'{extra} ;;")
    return "\n".join(lines)


def _names_of(name: str) -> Tuple[str, ...]:
    verb = verbs.find(name)
    assert verb is not None
    return (verb.name, *verb.aliases)


def _bash_arguments() -> str:
    lines = []
    for name, kinds in ARGUMENTS.items():
        first = f"if (( at )); then kind='{kinds[1]}'; else kind='{kinds[0]}'; fi" if len(kinds) > 1 else f"kind='{kinds[0]}'"
        lines.append(f"            {'|'.join(_names_of(name))}) {first} ;;")
    lines.append("            install|uninstall) ;;")
    return "\n".join(lines)


def bash() -> str:
    takes = "|".join(name for option in options.OPTIONS if option.value for name in _spellings(option))
    known = " ".join(name + ("=" if option.value and name.startswith("--") else "")
                     for option in offered() for name in _spellings(option))
    rest = (BASH_REST.replace("@VALUES@", _bash_values()).replace("@TAKES@", takes).replace("@OPTIONS@", known)
            .replace("@VERBS@", " ".join(verb_lines())).replace("@OWN@", " ".join(OWN)).replace("@ARGUMENTS@", _bash_arguments()))
    return f"# bash completion of systemctl and fastinit. {MADE}\n{shared()}{rest}"


def bash_fastinit() -> str:
    return f"# bash completion of fastinit: that of systemctl knows it. {MADE}\n\n. \"${{BASH_SOURCE[0]%/*}}/systemctl\"\n"


# ---- zsh --------------------------------------------------------------------------------------------------------------

ZSH_REST = r"""
_systemctl()
{
    local curcontext=$curcontext state expl ret=1 kind name
    local -a line _fastinit_where found commands
    local -A opt_args
    _arguments -C -s -S \
@OPTIONS@
        '1: :->command' '*: :->argument' && ret=0
    for name in --user --system; do
        if (( ${+opt_args[$name]} )); then _fastinit_where+=($name); fi
    done
    if [[ -n ${opt_args[--root]-} ]]; then _fastinit_where+=(--root=${opt_args[--root]}); fi
    case $state in
        command)
            commands=(
@VERBS@
            )
            if [[ $service == fastinit ]]; then commands+=(@OWN@); fi
            _describe -t commands command commands && ret=0 ;;
        argument)
            local -i at=$(( ${#line} - 2 ))        # arguments before the one that is completed
            case $line[1] in
@ARGUMENTS@
            esac
            if [[ $PREFIX == */* || $kind == paths ]]; then _files && ret=0
            elif [[ -n $kind ]]; then
                found=(${(f)"$(_fastinit_words $kind)"})
                if [[ $kind == (assignments|settings) ]]; then _wanted $kind expl setting compadd -S '' -a found && ret=0
                else _wanted units expl unit compadd -a found && ret=0; fi
            fi ;;
    esac
    return ret
}

_systemctl "$@"
"""


def _zsh_text(text: str) -> str:
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _zsh_option(option: options.Option, text: str) -> str:
    names = _spellings(option)
    choices, is_list = value_of(option)
    if option.value:
        title = option.long or "property"
        if choices == ("/",):
            action = f":{title}:_files"
        elif is_list:
            action = f":{title}:_sequence compadd - {' '.join(choices)}"
        else:
            action = f":{title}:({' '.join(choices)})" if choices else f":{title}: "
        written = [f"--{option.long}="] * bool(option.long)
        written = [f"-{option.short}+"] * bool(option.short) + written
    else:
        action, written = "", names
    again = "*" if option.long in ("property", "type", "state") or not option.long else f"({' '.join(names)})"
    spelled = written[0] if len(written) == 1 else "{" + ",".join(written) + "}"
    head = f"'{again}'" if len(names) > 1 else f"'{again}'" if again == "*" else ""
    return f"        {head}{spelled}'[{_zsh_text(text)}]{action}' \\"


def zsh() -> str:
    texts = option_lines()
    lines = [_zsh_option(option, texts[_spellings(option)[-1]]) for option in offered()]
    commands = [f"                '{name}:{_zsh_text(text)}'" for name, text in verb_lines().items()]
    own = " ".join(f"'{row.split()[0]}:{_zsh_text(text)}'" for row, text in help_text.FASTINIT_VERBS if row.split()[0] in OWN)
    rest = (ZSH_REST.replace("@OPTIONS@\n", "\n".join(lines) + "\n").replace("@VERBS@", "\n".join(commands))
            .replace("@OWN@", own).replace("@ARGUMENTS@", _bash_arguments()))
    return f"#compdef systemctl fastinit\n# zsh completion. {MADE}\n{shared()}{rest}"


# ---- fish ---------------------------------------------------------------------------------------------------------------

FISH = r"""
set -g __fastinit_takes @TAKES@

# The words before the cursor that are neither options nor their values: the verb and what it was given.
function __fastinit_plain
    set -l tokens (commandline -opc)
    set -l awaits 0
    for token in $tokens[2..-1]
        if test $awaits = 1
            set awaits 0
        else if contains -- $token $__fastinit_takes
            set awaits 1
        else if not string match -q -- '-*' $token
            echo $token
        end
    end
end

function __fastinit_verb_is
    set -l plain (__fastinit_plain)
    test (count $plain) -ge 1; and contains -- $plain[1] $argv
end

function __fastinit_no_verb
    test (count (__fastinit_plain)) = 0
end

function __fastinit_first
    test (count (__fastinit_plain)) = 1
end

function __fastinit_systemctl
    set -l where
    set -l tokens (commandline -opc)
    for at in (seq (count $tokens))
        switch $tokens[$at]
            case --user --system '--root=*'
                set -a where $tokens[$at]
            case --root
                test $at -lt (count $tokens); and set -a where --root=$tokens[(math $at + 1)]
        end
    end
    command systemctl $where $argv 2>/dev/null
end

function __fastinit_loaded
    __fastinit_systemctl list-units --plain --no-legend --full --no-pager $argv | while read -l unit load rest
        test "$load" = not-found; or echo $unit
    end
end

function __fastinit_files
    __fastinit_systemctl list-unit-files --no-legend --full --no-pager $argv | while read -l unit rest
        echo $unit
    end
end

function __fastinit_that
    set -l units $argv[2..-1]
    test (count $units) -gt 0; or return
    set -l id
    __fastinit_systemctl show --no-pager --property=Id,$argv[1] -- $units | while read -l line
        if string match -q 'Id=*' -- $line
            set id (string replace 'Id=' '' -- $line)
        else if string match -q '*=yes' -- $line
            echo $id
        end
    end
end

# $argv[1]: how many of the rest are to be left out.
function __fastinit_without
    set -l out
    test $argv[1] -gt 0; and set out $argv[2..(math $argv[1] + 1)]
    for unit in $argv[(math $argv[1] + 2)..-1]
        if not string match -q '*@.*' -- $unit; and not contains -- $unit $out
            echo $unit
            set -a out $unit
        end
    end
end

function __fastinit_words
    switch $argv[1]
        case any
            begin; __fastinit_loaded --all; __fastinit_files; end | sort -u
        case known
            __fastinit_without 0 (__fastinit_loaded --all) (__fastinit_files --state=@STARTABLE@)
        case active
            __fastinit_loaded --state=@ACTIVE@
        case inactive
            __fastinit_loaded --all --state=inactive,failed
        case startable
            set -l out (__fastinit_loaded --all --state=@ACTIVE@,masked)
            __fastinit_without (count $out) $out (__fastinit_loaded --all --state=inactive,failed) (__fastinit_files --state=@STARTABLE@)
        case reloadable
            __fastinit_that CanReload (__fastinit_loaded --state=active,reloading)
        case isolatable
            __fastinit_that AllowIsolate (__fastinit_files --type=target)
        case failed
            __fastinit_loaded --state=failed
        case enabled
            __fastinit_files --state=@ENABLED@
        case disabled
            __fastinit_files --state=disabled,indirect
        case masked
            __fastinit_files --state=masked,masked-runtime
        case unmasked
            set -l out (__fastinit_files --state=masked,masked-runtime)
            __fastinit_without (count $out) $out (__fastinit_files)
        case targets
            __fastinit_files --type=target
        case '*-units'
            __fastinit_loaded --all --type=(string replace -- -units '' $argv[1])
        case jobs
            __fastinit_systemctl list-jobs --no-legend --no-pager | while read -l job rest
                echo $job
            end
        case queued
            __fastinit_systemctl list-jobs --no-legend --no-pager | while read -l job unit rest
                echo $unit
            end
        case variables
            __fastinit_systemctl show-environment | string replace -r '=.*' ''
        case assignments
            __fastinit_systemctl show-environment | string replace -r '=.*' '='
        case own-variables
            set -nx
@LISTS@
    end
end

"""


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish_option(option: options.Option, text: str) -> str:
    choices, is_list = value_of(option)
    parts = ["complete -c systemctl"]
    parts += [f"-s {option.short}"] * bool(option.short) + [f"-l {option.long}"] * bool(option.long)
    if choices == ("/",):
        parts.append("-r -F")
    elif is_list:
        printed = _fish_quoted("printf '%s\\n' " + " ".join(choices))
        parts.append("-x -a " + _fish_quoted(f"(__fish_complete_list , {printed})"))
    elif choices:
        parts.append(f"-x -a {_fish_quoted(' '.join(choices))}")
    elif option.value:
        parts.append("-x")
    return " ".join([*parts, f"-d {_fish_quoted(text)}"])


def _fish_arguments() -> List[str]:
    lines = []
    for name, kinds in ARGUMENTS.items():
        names = " ".join(_names_of(name))
        for at, kind in enumerate(kinds):
            condition = f"__fastinit_verb_is {names}"
            if len(kinds) > 1:
                condition += "; and __fastinit_first" if at == 0 else "; and not __fastinit_first"
            what = "-F" if kind == "paths" else f"-a '(__fastinit_words {kind})'"
            lines.append(f"complete -c systemctl -n '{condition}' {what}")
    return lines


def fish() -> str:
    takes = " ".join(name for option in options.OPTIONS if option.value for name in _spellings(option))
    lists = "\n".join(f"        case {name}\n            printf '%s\\n' {' '.join(items)}" for name, items in LISTS.items())
    texts = option_lines()
    lines = ["complete -c systemctl -f"]
    lines += [f"complete -c systemctl -n __fastinit_no_verb -a {name} -d {_fish_quoted(text)}" for name, text in verb_lines().items()]
    lines += _fish_arguments()
    lines += [_fish_option(option, texts[_spellings(option)[-1]]) for option in offered()]
    functions = (FISH.replace("@TAKES@", takes).replace("@STARTABLE@", STARTABLE).replace("@ACTIVE@", ACTIVE)
                 .replace("@ENABLED@", ENABLED).replace("@LISTS@", lists))
    return f"# fish completion of systemctl. {MADE}\n{functions}" + "\n".join(lines) + "\n"


def fish_fastinit() -> str:
    lines = [f"# fish completion of fastinit: everything of systemctl's, and its own. {MADE}", "",
             "functions -q __fastinit_no_verb; or source (string replace -r '[^/]*$' '' (status filename))systemctl.fish",
             "complete -c fastinit -w systemctl"]
    lines += [f"complete -c fastinit -n __fastinit_no_verb -a {row.split()[0]} -d {_fish_quoted(text)}"
              for row, text in help_text.FASTINIT_VERBS if row.split()[0] in OWN]
    return "\n".join(lines) + "\n"


PAGES: Dict[str, Callable[[], str]] = {
    "bash-completion/completions/systemctl": bash, "bash-completion/completions/fastinit": bash_fastinit,
    "zsh/site-functions/_systemctl": zsh,
    "fish/vendor_completions.d/systemctl.fish": fish, "fish/vendor_completions.d/fastinit.fish": fish_fastinit,
}
