# fish completion of systemctl. Made by `make docs`.

set -g __fastinit_takes -t --type -p --property -P --job-mode --check-inhibitors -C --capsule --legend --root --image --image-policy --kill-whom --kill-who --kill-value -s --signal -H --host -M --machine -n --lines -o --output --state --preset-mode --boot-loader-menu --boot-loader-entry --message --what --reboot-argument --timestamp --drop-in --when -c --config -e --extra-vars --environment --maxtimeout --coverage

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
            __fastinit_without 0 (__fastinit_loaded --all) (__fastinit_files --state=enabled,enabled-runtime,linked,linked-runtime,alias,static,indirect,disabled,generated,transient)
        case active
            __fastinit_loaded --state=active,reloading,refreshing,activating,deactivating
        case inactive
            __fastinit_loaded --all --state=inactive,failed
        case startable
            set -l out (__fastinit_loaded --all --state=active,reloading,refreshing,activating,deactivating,masked)
            __fastinit_without (count $out) $out (__fastinit_loaded --all --state=inactive,failed) (__fastinit_files --state=enabled,enabled-runtime,linked,linked-runtime,alias,static,indirect,disabled,generated,transient)
        case reloadable
            __fastinit_that CanReload (__fastinit_loaded --state=active,reloading)
        case isolatable
            __fastinit_that AllowIsolate (__fastinit_files --type=target)
        case failed
            __fastinit_loaded --state=failed
        case enabled
            __fastinit_files --state=enabled,enabled-runtime,linked,linked-runtime,alias
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
        case log-levels
            printf '%s\n' emerg alert crit err warning notice info debug null
        case log-targets
            printf '%s\n' console kmsg journal journal-or-kmsg syslog syslog-or-kmsg auto null
        case booleans
            printf '%s\n' yes no
        case settings
            printf '%s\n' TasksMax= DevicePolicy= DeviceAllow= Delegate= MemoryMax= IPAddressDeny= Slice= IOWeight= IPAddressAllow= MemoryHigh= MemorySwapMax= CPUAccounting= DelegateSubgroup= MemoryPressureWatch= CPUQuota= CPUWeight= CoredumpReceive= ManagedOOMMemoryPressure= ManagedOOMMemoryPressureLimit= ManagedOOMSwap= MemoryLow= MemoryMin= AllowedCPUs= AllowedMemoryNodes= BPFProgram= BlockIOAccounting= BlockIODeviceWeight= BlockIOReadBandwidth= BlockIOWeight= BlockIOWriteBandwidth= CPUQuotaPeriodSec= CPUShares= DefaultMemoryLow= DefaultMemoryMin= DefaultStartupMemoryLow= DisableControllers= IOAccounting= IODeviceLatencyTargetSec= IODeviceWeight= IOReadBandwidthMax= IOReadIOPSMax= IOWriteBandwidthMax= IOWriteIOPSMax= IPAccounting= IPEgressFilterPath= IPIngressFilterPath= ManagedOOMMemoryPressureDurationSec= ManagedOOMPreference= MemoryAccounting= MemoryLimit= MemoryPressureThresholdSec= MemoryZSwapMax= MemoryZSwapWriteback= NFTSet= RestrictNetworkInterfaces= SocketBindAllow= SocketBindDeny= StartupAllowedCPUs= StartupAllowedMemoryNodes= StartupBlockIOWeight= StartupCPUShares= StartupCPUWeight= StartupIOWeight= StartupMemoryHigh= StartupMemoryLow= StartupMemoryMax= StartupMemorySwapMax= StartupMemoryZSwapMax= TasksAccounting=
    end
end

complete -c systemctl -f
complete -c systemctl -n __fastinit_no_verb -a list-units -d 'Units in memory'
complete -c systemctl -n __fastinit_no_verb -a list-unit-files -d 'Installed unit files'
complete -c systemctl -n __fastinit_no_verb -a list-automounts -d 'Automount units in memory, by path'
complete -c systemctl -n __fastinit_no_verb -a list-paths -d 'Path units in memory, by path'
complete -c systemctl -n __fastinit_no_verb -a list-sockets -d 'Socket units in memory, by address'
complete -c systemctl -n __fastinit_no_verb -a list-timers -d 'Timer units in memory, by next elapse'
complete -c systemctl -n __fastinit_no_verb -a list-jobs -d 'Jobs in the queue'
complete -c systemctl -n __fastinit_no_verb -a list-machines -d 'Local containers: there are none'
complete -c systemctl -n __fastinit_no_verb -a cancel -d 'Cancel all or some jobs'
complete -c systemctl -n __fastinit_no_verb -a start -d 'Start units, and what they require or want'
complete -c systemctl -n __fastinit_no_verb -a stop -d 'Stop units, and what requires them'
complete -c systemctl -n __fastinit_no_verb -a reload -d 'Have units read their configuration again'
complete -c systemctl -n __fastinit_no_verb -a restart -d 'Stop and start units; start those that are stopped'
complete -c systemctl -n __fastinit_no_verb -a try-restart -d 'Restart units that are active'
complete -c systemctl -n __fastinit_no_verb -a reload-or-restart -d 'Reload units that can, restart or start the others'
complete -c systemctl -n __fastinit_no_verb -a try-reload-or-restart -d 'Reload or restart units that are active'
complete -c systemctl -n __fastinit_no_verb -a isolate -d 'Start one unit and stop what it does not need'
complete -c systemctl -n __fastinit_no_verb -a kill -d 'Send a signal to processes of units'
complete -c systemctl -n __fastinit_no_verb -a clean -d 'Remove runtime, cache, state, logs or configuration of stopped units'
complete -c systemctl -n __fastinit_no_verb -a freeze -d 'Suspend the processes of units'
complete -c systemctl -n __fastinit_no_verb -a thaw -d 'Resume the processes of units'
complete -c systemctl -n __fastinit_no_verb -a is-active -d 'Tell whether units are active'
complete -c systemctl -n __fastinit_no_verb -a is-failed -d 'Tell whether units have failed, or the system is degraded'
complete -c systemctl -n __fastinit_no_verb -a status -d 'How units are, with processes and last log lines'
complete -c systemctl -n __fastinit_no_verb -a show -d 'Properties of units, of jobs, or of the manager'
complete -c systemctl -n __fastinit_no_verb -a cat -d 'Files and drop-ins of units'
complete -c systemctl -n __fastinit_no_verb -a help -d 'Which manual pages tell of units'
complete -c systemctl -n __fastinit_no_verb -a list-dependencies -d 'The tree of units that units require or want, or that require or want them'
complete -c systemctl -n __fastinit_no_verb -a reset-failed -d 'Forget that units have failed'
complete -c systemctl -n __fastinit_no_verb -a whoami -d 'The unit that the caller or processes belong to'
complete -c systemctl -n __fastinit_no_verb -a set-property -d 'Set properties of a unit by a drop-in'
complete -c systemctl -n __fastinit_no_verb -a enable -d 'Have units started at boot, as their [Install] says'
complete -c systemctl -n __fastinit_no_verb -a disable -d 'Have units not started at boot any more'
complete -c systemctl -n __fastinit_no_verb -a reenable -d 'Disable, then enable'
complete -c systemctl -n __fastinit_no_verb -a preset -d 'Enable or disable as the preset files say'
complete -c systemctl -n __fastinit_no_verb -a preset-all -d 'Enable or disable all unit files in that way'
complete -c systemctl -n __fastinit_no_verb -a is-enabled -d 'Tell whether unit files are enabled'
complete -c systemctl -n __fastinit_no_verb -a mask -d 'Make units impossible to start'
complete -c systemctl -n __fastinit_no_verb -a unmask -d 'Let masked units start again'
complete -c systemctl -n __fastinit_no_verb -a link -d 'Link unit files into the search path'
complete -c systemctl -n __fastinit_no_verb -a revert -d 'Go back to the vendor\'s unit files'
complete -c systemctl -n __fastinit_no_verb -a add-wants -d 'Have a target want units'
complete -c systemctl -n __fastinit_no_verb -a add-requires -d 'Have a target require units'
complete -c systemctl -n __fastinit_no_verb -a edit -d 'Edit unit files in an editor'
complete -c systemctl -n __fastinit_no_verb -a get-default -d 'The target that is booted'
complete -c systemctl -n __fastinit_no_verb -a set-default -d 'Set the target that is booted'
complete -c systemctl -n __fastinit_no_verb -a show-environment -d 'The manager\'s environment block'
complete -c systemctl -n __fastinit_no_verb -a set-environment -d 'Set variables of the manager\'s environment'
complete -c systemctl -n __fastinit_no_verb -a unset-environment -d 'Remove variables of the manager\'s environment'
complete -c systemctl -n __fastinit_no_verb -a import-environment -d 'Give the manager variables of the caller\'s'
complete -c systemctl -n __fastinit_no_verb -a daemon-reload -d 'Read all unit files again'
complete -c systemctl -n __fastinit_no_verb -a daemon-reexec -d 'Start a new manager; units and jobs stay'
complete -c systemctl -n __fastinit_no_verb -a log-level -d 'Show or set the manager\'s log level'
complete -c systemctl -n __fastinit_no_verb -a log-target -d 'Show or set the manager\'s log target'
complete -c systemctl -n __fastinit_no_verb -a service-watchdogs -d 'Show whether service watchdogs work'
complete -c systemctl -n __fastinit_no_verb -a is-system-running -d 'Tell whether the boot is over and all is well'
complete -c systemctl -n __fastinit_no_verb -a default -d 'Enter the default target'
complete -c systemctl -n __fastinit_no_verb -a rescue -d 'Enter rescue.target'
complete -c systemctl -n __fastinit_no_verb -a emergency -d 'Enter emergency.target'
complete -c systemctl -n __fastinit_no_verb -a halt -d 'Stop all units and end the container'
complete -c systemctl -n __fastinit_no_verb -a poweroff -d 'Stop all units and end the container'
complete -c systemctl -n __fastinit_no_verb -a reboot -d 'Stop all units and end the container'
complete -c systemctl -n __fastinit_no_verb -a soft-reboot -d 'Stop all units and end the container'
complete -c systemctl -n __fastinit_no_verb -a exit -d 'Stop all units and end the container with a code'
complete -c systemctl -n __fastinit_no_verb -a init -d 'Be the init: as PID 1, or as a subreaper elsewhere'
complete -c systemctl -n __fastinit_no_verb -a runlevel -d 'The SysV runlevel that is active'
complete -c systemctl -n __fastinit_no_verb -a default-services -d 'Enabled services that the default target starts'
complete -c systemctl -n __fastinit_no_verb -a list-start-dependencies -d 'Everything that a start of units starts, in order'
complete -c systemctl -n __fastinit_no_verb -a environment -d 'Variables that a start of units sets'
complete -c systemctl -n __fastinit_no_verb -a command -d 'Command lines that a start of units runs'
complete -c systemctl -n __fastinit_no_verb -a log -d 'Last log lines of units (-n N)'
complete -c systemctl -n __fastinit_no_verb -a stats -d 'What the init has reaped (-o json, -o cat for Prometheus)'
complete -c systemctl -n __fastinit_no_verb -a version -d 'The version'
complete -c systemctl -n '__fastinit_verb_is stop' -a '(__fastinit_words active)'
complete -c systemctl -n '__fastinit_verb_is try-restart condrestart' -a '(__fastinit_words active)'
complete -c systemctl -n '__fastinit_verb_is try-reload-or-restart reload-or-try-restart condreload' -a '(__fastinit_words active)'
complete -c systemctl -n '__fastinit_verb_is kill' -a '(__fastinit_words active)'
complete -c systemctl -n '__fastinit_verb_is freeze' -a '(__fastinit_words active)'
complete -c systemctl -n '__fastinit_verb_is thaw' -a '(__fastinit_words active)'
complete -c systemctl -n '__fastinit_verb_is restart' -a '(__fastinit_words known)'
complete -c systemctl -n '__fastinit_verb_is reload-or-restart force-reload' -a '(__fastinit_words known)'
complete -c systemctl -n '__fastinit_verb_is start' -a '(__fastinit_words startable)'
complete -c systemctl -n '__fastinit_verb_is init' -a '(__fastinit_words known)'
complete -c systemctl -n '__fastinit_verb_is is-active check' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is is-failed' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is status' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is show' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is cat' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is help' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is list-dependencies' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is list-units' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is edit' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is revert' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is is-enabled' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is preset' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is list-unit-files' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is list-start-dependencies' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is environment' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is command' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is log logs' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is list-automounts' -a '(__fastinit_words automount-units)'
complete -c systemctl -n '__fastinit_verb_is list-paths' -a '(__fastinit_words path-units)'
complete -c systemctl -n '__fastinit_verb_is list-sockets' -a '(__fastinit_words socket-units)'
complete -c systemctl -n '__fastinit_verb_is list-timers' -a '(__fastinit_words timer-units)'
complete -c systemctl -n '__fastinit_verb_is reload' -a '(__fastinit_words reloadable)'
complete -c systemctl -n '__fastinit_verb_is isolate' -a '(__fastinit_words isolatable)'
complete -c systemctl -n '__fastinit_verb_is reset-failed' -a '(__fastinit_words failed)'
complete -c systemctl -n '__fastinit_verb_is clean' -a '(__fastinit_words inactive)'
complete -c systemctl -n '__fastinit_verb_is enable' -a '(__fastinit_words disabled)'
complete -c systemctl -n '__fastinit_verb_is disable' -a '(__fastinit_words enabled)'
complete -c systemctl -n '__fastinit_verb_is reenable' -a '(__fastinit_words enabled)'
complete -c systemctl -n '__fastinit_verb_is mask' -a '(__fastinit_words unmasked)'
complete -c systemctl -n '__fastinit_verb_is unmask' -a '(__fastinit_words masked)'
complete -c systemctl -n '__fastinit_verb_is add-wants; and __fastinit_first' -a '(__fastinit_words targets)'
complete -c systemctl -n '__fastinit_verb_is add-wants; and not __fastinit_first' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is add-requires; and __fastinit_first' -a '(__fastinit_words targets)'
complete -c systemctl -n '__fastinit_verb_is add-requires; and not __fastinit_first' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is set-default' -a '(__fastinit_words targets)'
complete -c systemctl -n '__fastinit_verb_is default-services' -a '(__fastinit_words targets)'
complete -c systemctl -n '__fastinit_verb_is link' -F
complete -c systemctl -n '__fastinit_verb_is set-property; and __fastinit_first' -a '(__fastinit_words any)'
complete -c systemctl -n '__fastinit_verb_is set-property; and not __fastinit_first' -a '(__fastinit_words settings)'
complete -c systemctl -n '__fastinit_verb_is cancel' -a '(__fastinit_words jobs)'
complete -c systemctl -n '__fastinit_verb_is list-jobs' -a '(__fastinit_words queued)'
complete -c systemctl -n '__fastinit_verb_is unset-environment' -a '(__fastinit_words variables)'
complete -c systemctl -n '__fastinit_verb_is set-environment' -a '(__fastinit_words assignments)'
complete -c systemctl -n '__fastinit_verb_is import-environment' -a '(__fastinit_words own-variables)'
complete -c systemctl -n '__fastinit_verb_is log-level' -a '(__fastinit_words log-levels)'
complete -c systemctl -n '__fastinit_verb_is log-target' -a '(__fastinit_words log-targets)'
complete -c systemctl -n '__fastinit_verb_is service-watchdogs' -a '(__fastinit_words booleans)'
complete -c systemctl -s h -l help -d 'Show this help'
complete -c systemctl -l version -d 'Show the version'
complete -c systemctl -s t -l type -x -a '(__fish_complete_list , \'printf \\\'%s\\\\n\\\' service mount swap socket target device automount timer path slice scope\')' -d 'Units of this type'
complete -c systemctl -s p -l property -x -a '(__fish_complete_list , \'printf \\\'%s\\\\n\\\' ActiveEnterTimestamp ActiveEnterTimestampMonotonic ActiveExitTimestamp ActiveExitTimestampMonotonic ActiveState After AllowIsolate AmbientCapabilities AssertResult AssertTimestamp AssertTimestampMonotonic Asserts Before BindLogSockets BindsTo BlockIOAccounting BlockIOWeight BoundBy BusName CPUAccounting CPUAffinity CPUAffinityFromNUMA CPUQuotaPerSecUSec CPUQuotaPeriodUSec CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CPUShares CPUUsageNSec CPUWeight CacheDirectory CacheDirectoryMode CacheDirectorySymlink CanClean CanFreeze CanIsolate CanLiveMount CanReload CanStart CanStop CapabilityBoundingSet CleanResult CollectMode ConditionResult ConditionTimestamp ConditionTimestampMonotonic Conditions ConfigurationDirectory ConfigurationDirectoryMode ConfigurationDirectorySymlink ConflictedBy Conflicts ConsistsOf ControlGroup ControlGroupId ControlPID Controller CoredumpFilter CoredumpReceive DebugInvocation DefaultDependencies DefaultMemoryLow DefaultMemoryMin DefaultStartupMemoryLow Delegate Description DevicePolicy Documentation DropInPaths DynamicUser EffectiveMemoryHigh EffectiveMemoryMax EffectiveTasksMax Environment EnvironmentFiles ExecCondition ExecConditionEx ExecMainCode ExecMainExitTimestamp ExecMainExitTimestampMonotonic ExecMainHandoffTimestamp ExecMainHandoffTimestampMonotonic ExecMainPID ExecMainStartTimestamp ExecMainStartTimestampMonotonic ExecMainStatus ExecPaths ExecReload ExecReloadEx ExecSearchPath ExecStart ExecStartEx ExecStartPost ExecStartPostEx ExecStartPre ExecStartPreEx ExecStop ExecStopEx ExecStopPost ExecStopPostEx ExitType ExtensionImagePolicy FailureAction FailureActionExitStatus FileDescriptorStoreMax FileDescriptorStorePreserve FinalKillSignal Following FragmentPath FreezerState GID Group GuessMainPID IOAccounting IOReadBytes IOReadOperations IOSchedulingClass IOSchedulingPriority IOWeight IOWriteBytes IOWriteOperations IPAccounting IPEgressBytes IPEgressPackets IPIngressBytes IPIngressPackets Id IgnoreOnIsolate IgnoreSIGPIPE InaccessiblePaths InactiveEnterTimestamp InactiveEnterTimestampMonotonic InactiveExitTimestamp InactiveExitTimestampMonotonic InvocationID Job JobRunningTimeoutUSec JobTimeoutAction JobTimeoutUSec JoinsNamespaceOf KeyringMode KillMode KillSignal LimitAS LimitASSoft LimitCORE LimitCORESoft LimitCPU LimitCPUSoft LimitDATA LimitDATASoft LimitFSIZE LimitFSIZESoft LimitLOCKS LimitLOCKSSoft LimitMEMLOCK LimitMEMLOCKSoft LimitMSGQUEUE LimitMSGQUEUESoft LimitNICE LimitNICESoft LimitNOFILE LimitNOFILESoft LimitNPROC LimitNPROCSoft LimitRSS LimitRSSSoft LimitRTPRIO LimitRTPRIOSoft LimitRTTIME LimitRTTIMESoft LimitSIGPENDING LimitSIGPENDINGSoft LimitSTACK LimitSTACKSoft LiveMountResult LoadError LoadState LockPersonality LogLevelMax LogRateLimitBurst LogRateLimitIntervalUSec LogsDirectory LogsDirectoryMode LogsDirectorySymlink MainPID ManagedOOMMemoryPressure ManagedOOMMemoryPressureDurationUSec ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryAccounting MemoryAvailable MemoryCurrent MemoryDenyWriteExecute MemoryHigh MemoryKSM MemoryLimit MemoryLow MemoryMax MemoryMin MemoryPeak MemoryPressureThresholdUSec MemoryPressureWatch MemorySwapCurrent MemorySwapMax MemorySwapPeak MemoryZSwapCurrent MemoryZSwapMax MemoryZSwapWriteback MountAPIVFS MountImagePolicy NFileDescriptorStore NRestarts NUMAPolicy Names NeedDaemonReload Nice NoExecPaths NoNewPrivileges NonBlocking NotifyAccess OOMPolicy OOMScoreAdjust OnFailure OnFailureJobMode OnFailureOf OnSuccess OnSuccessJobMode OnSuccessOf OpenFile PAMName PIDFile PartOf PassEnvironment Perpetual PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivatePIDs PrivateTmp PrivateTmpEx PrivateUsers PrivateUsersEx ProcSubset PropagatesReloadTo PropagatesStopTo ProtectClock ProtectControlGroups ProtectControlGroupsEx ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyPaths ReadWritePaths RefuseManualStart RefuseManualStop ReloadPropagatedFrom ReloadResult ReloadSignal RemainAfterExit RemoveIPC RequiredBy Requires RequiresMountsFor Requisite RequisiteOf Restart RestartForceExitStatus RestartKillSignal RestartMaxDelayUSec RestartMode RestartPreventExitStatus RestartSteps RestartUSec RestartUSecNext RestrictNamespaces RestrictRealtime RestrictSUIDSGID Result RootDirectory RootDirectoryStartOnly RootEphemeral RootImagePolicy RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve RuntimeDirectorySymlink RuntimeMaxUSec RuntimeRandomizedExtraUSec SameProcessGroup SecureBits SendSIGHUP SendSIGKILL SetLoginEnvironment Slice SliceOf SourcePath StandardError StandardInput StandardOutput StartLimitAction StartLimitBurst StartLimitIntervalUSec StartupBlockIOWeight StartupCPUShares StartupCPUWeight StartupIOWeight StartupMemoryHigh StartupMemoryLow StartupMemoryMax StartupMemorySwapMax StartupMemoryZSwapMax StateChangeTimestamp StateChangeTimestampMonotonic StateDirectory StateDirectoryMode StateDirectorySymlink StatusErrno StatusText StopPropagatedFrom StopWhenUnneeded SubState SuccessAction SuccessActionExitStatus SuccessExitStatus SupplementaryGroups SurviveFinalKillSignal SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix SyslogPriority SystemCallErrorNumber TTYPath TTYReset TTYVHangup TTYVTDisallocate TasksAccounting TasksCurrent TasksMax TimeoutAbortUSec TimeoutCleanUSec TimeoutStartFailureMode TimeoutStartUSec TimeoutStopFailureMode TimeoutStopUSec TimerSlackNSec Transient TriggeredBy Triggers Type UID UMask UnitFilePreset UnitFileState UnsetEnvironment UpheldBy Upholds User UtmpIdentifier UtmpMode WantedBy Wants WantsMountsFor WatchdogSignal WatchdogTimestampMonotonic WatchdogUSec WorkingDirectory\')' -d 'Only this property'
complete -c systemctl -s P -x -a '(__fish_complete_list , \'printf \\\'%s\\\\n\\\' ActiveEnterTimestamp ActiveEnterTimestampMonotonic ActiveExitTimestamp ActiveExitTimestampMonotonic ActiveState After AllowIsolate AmbientCapabilities AssertResult AssertTimestamp AssertTimestampMonotonic Asserts Before BindLogSockets BindsTo BlockIOAccounting BlockIOWeight BoundBy BusName CPUAccounting CPUAffinity CPUAffinityFromNUMA CPUQuotaPerSecUSec CPUQuotaPeriodUSec CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CPUShares CPUUsageNSec CPUWeight CacheDirectory CacheDirectoryMode CacheDirectorySymlink CanClean CanFreeze CanIsolate CanLiveMount CanReload CanStart CanStop CapabilityBoundingSet CleanResult CollectMode ConditionResult ConditionTimestamp ConditionTimestampMonotonic Conditions ConfigurationDirectory ConfigurationDirectoryMode ConfigurationDirectorySymlink ConflictedBy Conflicts ConsistsOf ControlGroup ControlGroupId ControlPID Controller CoredumpFilter CoredumpReceive DebugInvocation DefaultDependencies DefaultMemoryLow DefaultMemoryMin DefaultStartupMemoryLow Delegate Description DevicePolicy Documentation DropInPaths DynamicUser EffectiveMemoryHigh EffectiveMemoryMax EffectiveTasksMax Environment EnvironmentFiles ExecCondition ExecConditionEx ExecMainCode ExecMainExitTimestamp ExecMainExitTimestampMonotonic ExecMainHandoffTimestamp ExecMainHandoffTimestampMonotonic ExecMainPID ExecMainStartTimestamp ExecMainStartTimestampMonotonic ExecMainStatus ExecPaths ExecReload ExecReloadEx ExecSearchPath ExecStart ExecStartEx ExecStartPost ExecStartPostEx ExecStartPre ExecStartPreEx ExecStop ExecStopEx ExecStopPost ExecStopPostEx ExitType ExtensionImagePolicy FailureAction FailureActionExitStatus FileDescriptorStoreMax FileDescriptorStorePreserve FinalKillSignal Following FragmentPath FreezerState GID Group GuessMainPID IOAccounting IOReadBytes IOReadOperations IOSchedulingClass IOSchedulingPriority IOWeight IOWriteBytes IOWriteOperations IPAccounting IPEgressBytes IPEgressPackets IPIngressBytes IPIngressPackets Id IgnoreOnIsolate IgnoreSIGPIPE InaccessiblePaths InactiveEnterTimestamp InactiveEnterTimestampMonotonic InactiveExitTimestamp InactiveExitTimestampMonotonic InvocationID Job JobRunningTimeoutUSec JobTimeoutAction JobTimeoutUSec JoinsNamespaceOf KeyringMode KillMode KillSignal LimitAS LimitASSoft LimitCORE LimitCORESoft LimitCPU LimitCPUSoft LimitDATA LimitDATASoft LimitFSIZE LimitFSIZESoft LimitLOCKS LimitLOCKSSoft LimitMEMLOCK LimitMEMLOCKSoft LimitMSGQUEUE LimitMSGQUEUESoft LimitNICE LimitNICESoft LimitNOFILE LimitNOFILESoft LimitNPROC LimitNPROCSoft LimitRSS LimitRSSSoft LimitRTPRIO LimitRTPRIOSoft LimitRTTIME LimitRTTIMESoft LimitSIGPENDING LimitSIGPENDINGSoft LimitSTACK LimitSTACKSoft LiveMountResult LoadError LoadState LockPersonality LogLevelMax LogRateLimitBurst LogRateLimitIntervalUSec LogsDirectory LogsDirectoryMode LogsDirectorySymlink MainPID ManagedOOMMemoryPressure ManagedOOMMemoryPressureDurationUSec ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryAccounting MemoryAvailable MemoryCurrent MemoryDenyWriteExecute MemoryHigh MemoryKSM MemoryLimit MemoryLow MemoryMax MemoryMin MemoryPeak MemoryPressureThresholdUSec MemoryPressureWatch MemorySwapCurrent MemorySwapMax MemorySwapPeak MemoryZSwapCurrent MemoryZSwapMax MemoryZSwapWriteback MountAPIVFS MountImagePolicy NFileDescriptorStore NRestarts NUMAPolicy Names NeedDaemonReload Nice NoExecPaths NoNewPrivileges NonBlocking NotifyAccess OOMPolicy OOMScoreAdjust OnFailure OnFailureJobMode OnFailureOf OnSuccess OnSuccessJobMode OnSuccessOf OpenFile PAMName PIDFile PartOf PassEnvironment Perpetual PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivatePIDs PrivateTmp PrivateTmpEx PrivateUsers PrivateUsersEx ProcSubset PropagatesReloadTo PropagatesStopTo ProtectClock ProtectControlGroups ProtectControlGroupsEx ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyPaths ReadWritePaths RefuseManualStart RefuseManualStop ReloadPropagatedFrom ReloadResult ReloadSignal RemainAfterExit RemoveIPC RequiredBy Requires RequiresMountsFor Requisite RequisiteOf Restart RestartForceExitStatus RestartKillSignal RestartMaxDelayUSec RestartMode RestartPreventExitStatus RestartSteps RestartUSec RestartUSecNext RestrictNamespaces RestrictRealtime RestrictSUIDSGID Result RootDirectory RootDirectoryStartOnly RootEphemeral RootImagePolicy RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve RuntimeDirectorySymlink RuntimeMaxUSec RuntimeRandomizedExtraUSec SameProcessGroup SecureBits SendSIGHUP SendSIGKILL SetLoginEnvironment Slice SliceOf SourcePath StandardError StandardInput StandardOutput StartLimitAction StartLimitBurst StartLimitIntervalUSec StartupBlockIOWeight StartupCPUShares StartupCPUWeight StartupIOWeight StartupMemoryHigh StartupMemoryLow StartupMemoryMax StartupMemorySwapMax StartupMemoryZSwapMax StateChangeTimestamp StateChangeTimestampMonotonic StateDirectory StateDirectoryMode StateDirectorySymlink StatusErrno StatusText StopPropagatedFrom StopWhenUnneeded SubState SuccessAction SuccessActionExitStatus SuccessExitStatus SupplementaryGroups SurviveFinalKillSignal SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix SyslogPriority SystemCallErrorNumber TTYPath TTYReset TTYVHangup TTYVTDisallocate TasksAccounting TasksCurrent TasksMax TimeoutAbortUSec TimeoutCleanUSec TimeoutStartFailureMode TimeoutStartUSec TimeoutStopFailureMode TimeoutStopUSec TimerSlackNSec Transient TriggeredBy Triggers Type UID UMask UnitFilePreset UnitFileState UnsetEnvironment UpheldBy Upholds User UtmpIdentifier UtmpMode WantedBy Wants WantsMountsFor WatchdogSignal WatchdogTimestampMonotonic WatchdogUSec WorkingDirectory\')' -d 'The same as --value --property=NAME'
complete -c systemctl -s a -l all -d 'Also inactive units, also empty properties'
complete -c systemctl -l reverse -d 'list-dependencies: what needs the unit'
complete -c systemctl -l after -d 'list-dependencies: what is ordered before the unit'
complete -c systemctl -l before -d 'list-dependencies: what is ordered after the unit'
complete -c systemctl -l show-types -d 'Accepted'
complete -c systemctl -l failed -d 'The same as --state=failed'
complete -c systemctl -s l -l full -d 'Shorten nothing'
complete -c systemctl -l job-mode -x -a 'fail replace replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' -d 'What to do with jobs that are queued already'
complete -c systemctl -l fail -d 'The same as --job-mode=fail'
complete -c systemctl -l irreversible -d 'The same as --job-mode=replace-irreversibly'
complete -c systemctl -l ignore-dependencies -d 'The same as --job-mode=ignore-dependencies'
complete -c systemctl -l ignore-inhibitors -d 'Accepted'
complete -c systemctl -l check-inhibitors -x -a 'auto yes no' -d 'Accepted: nothing inhibits in a container'
complete -c systemctl -s i -d 'Accepted'
complete -c systemctl -l value -d 'show: values without names'
complete -c systemctl -l user -d 'The manager and the unit files of the user who asks'
complete -c systemctl -l system -d 'The system\'s manager (the default)'
complete -c systemctl -l global -d 'Unit file commands: for all users'
complete -c systemctl -l wait -d 'start, restart, kill: until the unit has stopped again; is-system-running: until the boot is over'
complete -c systemctl -l no-block -d 'Do not wait for jobs'
complete -c systemctl -l legend -x -a 'yes no' -d 'Headers and hints'
complete -c systemctl -l no-legend -d 'The same as --legend=no'
complete -c systemctl -l no-pager -d 'Accepted: there never is a pager'
complete -c systemctl -l no-wall -d 'Accepted'
complete -c systemctl -l dry-run -d 'Do nothing (system commands)'
complete -c systemctl -s q -l quiet -d 'Say nothing; the exit code tells'
complete -c systemctl -l no-warn -d 'No warnings about unit files'
complete -c systemctl -l root -r -F -d 'Work below this directory'
complete -c systemctl -s f -l force -d 'Replace links; with halt and its kin do not stop units first'
complete -c systemctl -l no-reload -d 'No daemon-reload after a change of unit files'
complete -c systemctl -l kill-whom -x -a 'main control all main-fail control-fail all-fail' -d 'kill: main, control or all processes'
complete -c systemctl -l kill-value -x -d 'kill: queue the signal, with this value'
complete -c systemctl -s s -l signal -x -a 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS 32 33 RTMIN+0 RTMIN+1 RTMIN+2 RTMIN+3 RTMIN+4 RTMIN+5 RTMIN+6 RTMIN+7 RTMIN+8 RTMIN+9 RTMIN+10 RTMIN+11 RTMIN+12 RTMIN+13 RTMIN+14 RTMIN+15 RTMIN+16 RTMIN+17 RTMIN+18 RTMIN+19 RTMIN+20 RTMIN+21 RTMIN+22 RTMIN+23 RTMIN+24 RTMIN+25 RTMIN+26 RTMIN+27 RTMIN+28 RTMIN+29 RTMIN+30' -d 'kill: which signal'
complete -c systemctl -l no-ask-password -d 'Accepted'
complete -c systemctl -l runtime -d 'Unit file commands: until the container ends'
complete -c systemctl -s n -l lines -x -d 'How many log lines'
complete -c systemctl -s o -l output -x -a 'short short-full short-iso short-iso-precise short-precise short-monotonic short-delta short-unix verbose export json json-pretty json-sse json-seq cat with-unit' -d 'Form of the log lines of status (short, short-iso, cat, ...); lists know json and json-pretty'
complete -c systemctl -l plain -d 'A list instead of a tree; no dots'
complete -c systemctl -l state -x -a '(__fish_complete_list , \'printf \\\'%s\\\\n\\\' stub loaded not-found bad-setting error merged masked active reloading inactive failed activating deactivating maintenance refreshing enabled enabled-runtime linked linked-runtime alias masked-runtime static disabled indirect generated transient bad dead waiting running tentative plugged mounting mounting-done mounted remounting unmounting remounting-sigterm remounting-sigkill unmounting-sigterm unmounting-sigkill cleaning start-chown abandoned stop-sigterm stop-sigkill condition start-pre start start-post exited reload reload-signal reload-notify stop stop-watchdog stop-post final-watchdog final-sigterm final-sigkill dead-before-auto-restart failed-before-auto-restart dead-resources-pinned auto-restart auto-restart-queued listening stop-pre stop-pre-sigterm stop-pre-sigkill activating-done deactivating-sigterm deactivating-sigkill elapsed\')' -d 'Units in this LOAD, SUB or ACTIVE state'
complete -c systemctl -s r -l recursive -d 'Accepted: there are no containers below'
complete -c systemctl -l with-dependencies -d 'status, cat, list-units: also what the units need'
complete -c systemctl -l preset-mode -x -a 'full enable-only disable-only' -d 'What preset may do: enable-only, disable-only or full'
complete -c systemctl -l now -d 'Start or stop units, too, when they are enabled or disabled'
complete -c systemctl -l message -x -d 'Accepted'
complete -c systemctl -s T -l show-transaction -d 'Say which job was queued'
complete -c systemctl -l what -x -a '(__fish_complete_list , \'printf \\\'%s\\\\n\\\' runtime state cache logs configuration fdstore all\')' -d 'clean: what to remove'
complete -c systemctl -l reboot-argument -x -d 'Accepted'
complete -c systemctl -l timestamp -x -a 'pretty us utc us+utc unix' -d 'How times are printed: pretty, unix, us, utc, us+utc'
complete -c systemctl -l read-only -d 'Accepted'
complete -c systemctl -l mkdir -d 'Accepted'
complete -c systemctl -l marked -d 'reload-or-restart: the marked units (none ever is)'
complete -c systemctl -l drop-in -x -d 'edit: this drop-in'
complete -c systemctl -l when -x -a 'show cancel' -d 'Refused: nothing is scheduled'
complete -c systemctl -l stdin -d 'edit: the new text comes from stdin'
complete -c systemctl -s 1 -l init -d 'Be the init'
complete -c systemctl -s 0 -l exit -d 'Be the init, and exit when no process is left (-00: no service)'
complete -c systemctl -s c -l config -x -d 'Accepted for scripts that set it'
complete -c systemctl -s e -l extra-vars -r -F -d 'Set it for the units that are started; @FILE: all lines'
complete -c systemctl -l environment -r -F -d 'Set it for the units that are started; @FILE: all lines'
complete -c systemctl -s v -l verbose -d 'Accepted for scripts that set it'
complete -c systemctl -l maxtimeout -x -d 'Accepted for scripts that set it'
complete -c systemctl -s 4 -l ipv4 -d 'Keep only the IPv4 localhost in /etc/hosts'
complete -c systemctl -s 6 -l ipv6 -d 'Keep only the IPv6 localhost in /etc/hosts'
complete -c systemctl -l coverage -x -d 'Accepted for scripts that set it'
