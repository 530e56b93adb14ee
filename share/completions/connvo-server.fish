function __connvo-server_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __connvo-server_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __connvo-server_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __connvo-server_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __connvo-server_parse_tokens -S
    set -l unparsed_tokens (__connvo-server_tokens -pc)
    switch $unparsed_tokens[1]
    case 'connvo-server'
        __connvo-server_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'serve'
            __connvo-server_parse_subcommand 0 'http-host=' 'http-port=' 'admin-host=' 'admin-port=' 'log-level=' 'log-format=' 'version' 'h/help'
        case 'migrate'
            __connvo-server_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'up'
                __connvo-server_parse_subcommand 0 'to=' 'from=' 'lock-timeout=' 'attempts=' 'quiet' 'json' 'version' 'h/help'
            case 'status'
                __connvo-server_parse_subcommand 0 'from=' 'json' 'exit-code' 'version' 'h/help'
            case 'plan'
                __connvo-server_parse_subcommand 0 'to=' 'from=' 'json' 'version' 'h/help'
            case 'check'
                __connvo-server_parse_subcommand 0 'from=' 'quiet' 'version' 'h/help'
            case 'verify'
                __connvo-server_parse_subcommand 0 'from=' 'quiet' 'json' 'print' 'version' 'h/help'
            case 'repair'
                __connvo-server_parse_subcommand 0 'as-applied=+' 'yes' 'from=' 'quiet' 'version' 'h/help'
            case 'adopt'
                __connvo-server_parse_subcommand 0 'level=' 'yes' 'from=' 'quiet' 'version' 'h/help'
            case 'wait'
                __connvo-server_parse_subcommand 0 'timeout=' 'quiet' 'version' 'h/help'
            end
        case 'seed'
            __connvo-server_parse_subcommand -r 1 'format=' 'kind=' 'dry-run' 'prune=+' 'yes' 'all-problems' 'json' 'show-values' 'quiet' 'version' 'h/help'
        case 'export'
            __connvo-server_parse_subcommand 0 'format=' 'kind=+' 'output=' 'version' 'h/help'
        case 'report'
            __connvo-server_parse_subcommand 1 'from=' 'to=' 'tier=' 'meeting=' 'user=' 'limit=' 'format=' 'output=' 'exit-code' 'version' 'h/help'
        case 'explain'
            __connvo-server_parse_subcommand 0 'user=' 'meeting=' 'role=' 'at=' 'request-id=' 'json' 'exit-code' 'version' 'h/help'
        case 'maintain'
            __connvo-server_parse_subcommand 0 'dry-run' 'all' 'json' 'quiet' 'version' 'h/help'
        case 'token'
            __connvo-server_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'issue-bearer'
                __connvo-server_parse_subcommand 0 'user=' 'lifetime=' 'version' 'h/help'
            case 'development-key'
                __connvo-server_parse_subcommand 0 'key=' 'jwks=' 'version' 'h/help'
            case 'inspect'
                __connvo-server_parse_subcommand 1 'json' 'version' 'h/help'
            end
        case 'doctor'
            __connvo-server_parse_subcommand 0 'config' 'json' 'strict' 'http-host=' 'http-port=' 'admin-host=' 'admin-port=' 'log-level=' 'log-format=' 'version' 'h/help'
        case 'healthcheck'
            __connvo-server_parse_subcommand 0 'live' 'timeout=' 'admin-host=' 'admin-port=' 'quiet' 'version' 'h/help'
        case 'help'
            __connvo-server_parse_subcommand -r 1 'version'
        case 'help'
            __connvo-server_parse_subcommand -r 1 'version'
        end
    end
end

function __connvo-server_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __connvo-server_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __connvo-server_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __connvo-server_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__connvo-server_tokens -p)
    if test -z "$(__connvo-server_tokens -t)"
        set -l index (count (__connvo-server_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'connvo-server' -f
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'serve' -d 'Answer requests for tokens.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'migrate' -d 'Bring the database to the schema of this binary.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'seed' -d 'Make the database hold what seed files say.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'export' -d 'Write what the business tables hold, as files that seed reads.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'report' -d 'Answer a question from the database; without a name, list the reports.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'explain' -d 'Say why a user gets a token for a meeting or is refused, and what would have to change.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'maintain' -d 'Make coming partitions, refresh rollups, and remove old records.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'token' -d 'Make development tokens, and look tokens up.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'doctor' -d 'Check the settings and everything that serve depends on.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'healthcheck' -d 'Ask the running server whether it is ready, for images without curl.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'help' -d 'Show the help of a command, or a document, such as help migrations.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server serve" http-host' -l 'http-host' -d 'Address of the public listener (HTTP_HOST).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server serve" http-port' -l 'http-port' -d 'Port of the public listener (HTTP_PORT).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server serve" admin-host' -l 'admin-host' -d 'Address of the admin listener (ADMIN_HOST).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server serve" admin-port' -l 'admin-port' -d 'Port of the admin listener, 0 for none (ADMIN_PORT).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server serve" log-level' -l 'log-level' -d 'trace, debug, info, notice, warning, error or critical (LOG_LEVEL).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server serve" log-format' -l 'log-format' -d 'auto, json or text (LOG_FORMAT).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server serve" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server serve" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server migrate" -eq 1' -fa 'up' -d 'Apply what is pending, in order, and bring indexes, partitions, roles and grants up to date.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server migrate" -eq 1' -fa 'status' -d 'Say what is applied, pending, changed or unknown.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server migrate" -eq 1' -fa 'plan' -d 'Print the SQL that `up` would run, and change nothing.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server migrate" -eq 1' -fa 'check' -d 'Say by the exit code whether the database has the schema of this binary.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server migrate" -eq 1' -fa 'verify' -d 'Compare the schema of the database with what its migrations make.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server migrate" -eq 1' -fa 'repair' -d 'Correct the record of what is applied, where it and the files disagree.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server migrate" -eq 1' -fa 'adopt' -d 'Take on a database that has the schema and no record of what is applied.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server migrate" -eq 1' -fa 'wait' -d 'Wait until the database answers.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate up" to' -l 'to' -d 'The last version to apply.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate up" from' -l 'from' -d 'Use the .sql files of this directory in place of the embedded migrations.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate up" lock-timeout' -l 'lock-timeout' -d 'How long a statement waits for a lock, as 500ms or 2s, before its file is rolled back and tried again.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate up" attempts' -l 'attempts' -d 'How often a file that does not get its locks is tried.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate up" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate up" json' -l 'json' -d 'Print one JSON object at the end; `connvo-server help migrations` lists its fields.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate up" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate up" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate status" from' -l 'from' -d 'Use the .sql files of this directory in place of the embedded migrations.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate status" json' -l 'json' -d 'Print JSON; `connvo-server help migrations` lists its fields.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate status" exit-code' -l 'exit-code' -d 'Exit with 2 when something is pending, 3 on drift, 4 when the database is newer.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate status" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate status" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate plan" to' -l 'to' -d 'The last version to apply.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate plan" from' -l 'from' -d 'Use the .sql files of this directory in place of the embedded migrations.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate plan" json' -l 'json' -d 'Print JSON; `connvo-server help migrations` lists its fields.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate plan" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate plan" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate check" from' -l 'from' -d 'Use the .sql files of this directory in place of the embedded migrations.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate check" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate check" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate check" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate verify" from' -l 'from' -d 'Use the .sql files of this directory in place of the embedded migrations.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate verify" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate verify" json' -l 'json' -d 'Print JSON; `connvo-server help migrations` lists its fields.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate verify" print' -l 'print' -d 'Print what the database has, one property a line, and compare nothing.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate verify" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate verify" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate repair"' -l 'as-applied' -d 'A migration that is applied, though its record says that it is not or not as a whole. Repeatable.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate repair" yes' -l 'yes' -d 'Do it without asking.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate repair" from' -l 'from' -d 'Use the .sql files of this directory in place of the embedded migrations.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate repair" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate repair" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate repair" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate adopt" level' -l 'level' -d 'The last migration that is applied; else the newest with whose schema the database agrees.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate adopt" yes' -l 'yes' -d 'Do it without asking.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate adopt" from' -l 'from' -d 'Use the .sql files of this directory in place of the embedded migrations.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate adopt" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate adopt" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate adopt" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate wait" timeout' -l 'timeout' -d 'How long: 500ms, 60s, 2m.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate wait" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate wait" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server migrate wait" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" format' -l 'format' -d 'json, ndjson or csv; otherwise as the file\'s name ends.' -rfka 'json ndjson csv'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" kind' -l 'kind' -d 'The kind of the rows in CSV, and of lines of NDJSON that do not say theirs. CSV says it by the name of the file otherwise: users.csv.' -rfka 'organizations users subscription_tiers subscriptions meetings meeting_participants'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" dry-run' -l 'dry-run' -d 'Print what would change, change nothing, and exit with 2 if something would.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed"' -l 'prune' -d 'Remove the rows of this kind that the files do not name; may be repeated.' -rfka 'organizations users subscription_tiers subscriptions meetings meeting_participants'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" yes' -l 'yes' -d 'Remove without asking.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" all-problems' -l 'all-problems' -d 'List every problem, not only the first 100.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" json' -l 'json' -d 'Print one JSON object; `connvo-server help seeding` lists its fields.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" show-values' -l 'show-values' -d 'Show e-mail addresses, names, pictures and titles in the difference and in messages.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server seed" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server export" format' -l 'format' -d 'json, ndjson or csv; otherwise as --output ends, json at last.' -rfka 'json ndjson csv'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server export"' -l 'kind' -d 'Only rows of this kind; may be repeated. CSV takes exactly one.' -rfka 'organizations users subscription_tiers subscriptions meetings meeting_participants'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server export" output' -l 'output' -d 'A file, which appears once it is complete; otherwise standard output.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server export" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server export" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" from' -l 'from' -d 'The first day (UTC) or instant.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" to' -l 'to' -d 'The first day (UTC) or instant after it.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" tier' -l 'tier' -d 'Only this tier.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" meeting' -l 'meeting' -d 'Only this meeting.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" user' -l 'user' -d 'Only this user.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" limit' -l 'limit' -d 'At most so many rows.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" format' -l 'format' -d 'table, csv, json or ndjson; overview has html. Otherwise as --output ends: .txt, .csv, .json, .ndjson; table at last.' -rfka 'table csv json ndjson html'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" output' -l 'output' -d 'A file, which appears whole or not at all; otherwise standard output.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" exit-code' -l 'exit-code' -d 'Exit with 2 when a control is not empty.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server report" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" user' -l 'user' -d 'The WorkOS user id, or an e-mail address.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" meeting' -l 'meeting' -d 'The id of the meeting.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" role' -l 'role' -d 'The role in the request; by default none.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" at' -l 'at' -d 'Decide as if it were this time (RFC 3339); facts stay those of now.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" request-id' -l 'request-id' -d 'What was decided under this id, and what would be decided now.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" json' -l 'json' -d 'Print JSON.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" exit-code' -l 'exit-code' -d 'Exit with 2 when no token would be given.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server explain" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server maintain" dry-run' -l 'dry-run' -d 'Say what would be done and change nothing; exit with 2 when there is something to do.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server maintain" all' -l 'all' -d 'Compare rollups with all records, not only with those of this month and the one before.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server maintain" json' -l 'json' -d 'Print one JSON object at the end; `connvo-server help maintenance` lists its fields.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server maintain" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server maintain" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server maintain" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server token" -eq 1' -fa 'issue-bearer' -d 'Sign a development bearer token for a user (DEVELOPMENT_KEY_FILE).'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server token" -eq 1' -fa 'development-key' -d 'Make a development key and its key set; a key that exists is kept.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_positional "connvo-server token" -eq 1' -fa 'inspect' -d 'Read a Stream token from standard input, verify it and find its record.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token issue-bearer" user' -l 'user' -d 'The WorkOS user id the token is for.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token issue-bearer" lifetime' -l 'lifetime' -d 'How long it is valid, in seconds.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token issue-bearer" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token issue-bearer" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token development-key" key' -l 'key' -d 'Where the private key is, or goes (PEM, readable by its owner only).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token development-key" jwks' -l 'jwks' -d 'Where the key set goes.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token development-key" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token development-key" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token inspect" json' -l 'json' -d 'Print JSON.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token inspect" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server token inspect" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" config' -l 'config' -d 'Look at the settings alone: ask neither the database nor the network.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" json' -l 'json' -d 'Print JSON; `connvo-server help doctor` lists its members.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" strict' -l 'strict' -d 'Exit with 1 for a warning, or for a check that could not be done.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" http-host' -l 'http-host' -d 'Address of the public listener (HTTP_HOST).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" http-port' -l 'http-port' -d 'Port of the public listener (HTTP_PORT).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" admin-host' -l 'admin-host' -d 'Address of the admin listener (ADMIN_HOST).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" admin-port' -l 'admin-port' -d 'Port of the admin listener, 0 for none (ADMIN_PORT).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" log-level' -l 'log-level' -d 'trace, debug, info, notice, warning, error or critical (LOG_LEVEL).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" log-format' -l 'log-format' -d 'auto, json or text (LOG_FORMAT).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server doctor" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server healthcheck" live' -l 'live' -d 'Ask /livez: whether the process answers, ready or not.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server healthcheck" timeout' -l 'timeout' -d 'How long the answer may take, up to 24h.' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server healthcheck" admin-host' -l 'admin-host' -d 'Address of the admin listener (ADMIN_HOST).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server healthcheck" admin-port' -l 'admin-port' -d 'Port of the admin listener, 0 for none (ADMIN_PORT).' -rfka ''
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server healthcheck" quiet' -l 'quiet' -d 'Say nothing but warnings and errors.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server healthcheck" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server healthcheck" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server help" version' -l 'version' -d 'Show the version.'
complete -c 'connvo-server' -n '__connvo-server_should_offer_completions_for_flags_or_options "connvo-server help" version' -l 'version' -d 'Show the version.'
