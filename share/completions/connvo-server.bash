#!/bin/bash

__connvo-server_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__connvo-server_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__connvo-server_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__connvo-server_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_connvo-server() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=()
    __connvo-server_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    serve|migrate|seed|export|report|explain|maintain|token|doctor|healthcheck|help|help)
        # Offer subcommand argument completions
        "_connvo-server_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'serve migrate seed export report explain maintain token doctor healthcheck help help' -- "${cur}"))
        ;;
    esac
}

_connvo-server_serve() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=(--http-host --http-port --admin-host --admin-port --log-level --log-format)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--http-host')
        return
        ;;
    '--http-port')
        return
        ;;
    '--admin-host')
        return
        ;;
    '--admin-port')
        return
        ;;
    '--log-level')
        return
        ;;
    '--log-format')
        return
        ;;
    esac
}

_connvo-server_migrate() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __connvo-server_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    up|status|plan|check|verify|repair|adopt|wait)
        # Offer subcommand argument completions
        "_connvo-server_migrate_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'up status plan check verify repair adopt wait' -- "${cur}"))
        ;;
    esac
}

_connvo-server_migrate_up() {
    repeating_flags=()
    non_repeating_flags=(--quiet --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--to --from --lock-timeout --attempts)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--to')
        return
        ;;
    '--from')
        return
        ;;
    '--lock-timeout')
        return
        ;;
    '--attempts')
        return
        ;;
    esac
}

_connvo-server_migrate_status() {
    repeating_flags=()
    non_repeating_flags=(--json --exit-code --version -h --help)
    repeating_options=()
    non_repeating_options=(--from)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--from')
        return
        ;;
    esac
}

_connvo-server_migrate_plan() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--to --from)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--to')
        return
        ;;
    '--from')
        return
        ;;
    esac
}

_connvo-server_migrate_check() {
    repeating_flags=()
    non_repeating_flags=(--quiet --version -h --help)
    repeating_options=()
    non_repeating_options=(--from)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--from')
        return
        ;;
    esac
}

_connvo-server_migrate_verify() {
    repeating_flags=()
    non_repeating_flags=(--quiet --json --print --version -h --help)
    repeating_options=()
    non_repeating_options=(--from)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--from')
        return
        ;;
    esac
}

_connvo-server_migrate_repair() {
    repeating_flags=()
    non_repeating_flags=(--yes --quiet --version -h --help)
    repeating_options=(--as-applied)
    non_repeating_options=(--from)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--as-applied')
        return
        ;;
    '--from')
        return
        ;;
    esac
}

_connvo-server_migrate_adopt() {
    repeating_flags=()
    non_repeating_flags=(--yes --quiet --version -h --help)
    repeating_options=()
    non_repeating_options=(--level --from)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--level')
        return
        ;;
    '--from')
        return
        ;;
    esac
}

_connvo-server_migrate_wait() {
    repeating_flags=()
    non_repeating_flags=(--quiet --version -h --help)
    repeating_options=()
    non_repeating_options=(--timeout)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--timeout')
        return
        ;;
    esac
}

_connvo-server_seed() {
    repeating_flags=()
    non_repeating_flags=(--dry-run --yes --all-problems --json --show-values --quiet --version -h --help)
    repeating_options=(--prune)
    non_repeating_options=(--format --kind)
    __connvo-server_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--format')
        __connvo-server_add_completions -W 'json'$'\n''ndjson'$'\n''csv'
        return
        ;;
    '--kind')
        __connvo-server_add_completions -W 'organizations'$'\n''users'$'\n''subscription_tiers'$'\n''subscriptions'$'\n''meetings'$'\n''meeting_participants'
        return
        ;;
    '--prune')
        __connvo-server_add_completions -W 'organizations'$'\n''users'$'\n''subscription_tiers'$'\n''subscriptions'$'\n''meetings'$'\n''meeting_participants'
        return
        ;;
    esac
}

_connvo-server_export() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=(--kind)
    non_repeating_options=(--format --output)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--format')
        __connvo-server_add_completions -W 'json'$'\n''ndjson'$'\n''csv'
        return
        ;;
    '--kind')
        __connvo-server_add_completions -W 'organizations'$'\n''users'$'\n''subscription_tiers'$'\n''subscriptions'$'\n''meetings'$'\n''meeting_participants'
        return
        ;;
    '--output')
        return
        ;;
    esac
}

_connvo-server_report() {
    repeating_flags=()
    non_repeating_flags=(--exit-code --version -h --help)
    repeating_options=()
    non_repeating_options=(--from --to --tier --meeting --user --limit --format --output)
    __connvo-server_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--from')
        return
        ;;
    '--to')
        return
        ;;
    '--tier')
        return
        ;;
    '--meeting')
        return
        ;;
    '--user')
        return
        ;;
    '--limit')
        return
        ;;
    '--format')
        __connvo-server_add_completions -W 'table'$'\n''csv'$'\n''json'$'\n''ndjson'$'\n''html'
        return
        ;;
    '--output')
        return
        ;;
    esac
}

_connvo-server_explain() {
    repeating_flags=()
    non_repeating_flags=(--json --exit-code --version -h --help)
    repeating_options=()
    non_repeating_options=(--user --meeting --role --at --request-id)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--user')
        return
        ;;
    '--meeting')
        return
        ;;
    '--role')
        return
        ;;
    '--at')
        return
        ;;
    '--request-id')
        return
        ;;
    esac
}

_connvo-server_maintain() {
    repeating_flags=()
    non_repeating_flags=(--dry-run --all --json --quiet --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __connvo-server_offer_flags_options 0
}

_connvo-server_token() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __connvo-server_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    issue-bearer|development-key|inspect)
        # Offer subcommand argument completions
        "_connvo-server_token_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'issue-bearer development-key inspect' -- "${cur}"))
        ;;
    esac
}

_connvo-server_token_issue-bearer() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=(--user --lifetime)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--user')
        return
        ;;
    '--lifetime')
        return
        ;;
    esac
}

_connvo-server_token_development-key() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=(--key --jwks)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--key')
        return
        ;;
    '--jwks')
        return
        ;;
    esac
}

_connvo-server_token_inspect() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __connvo-server_offer_flags_options 1
}

_connvo-server_doctor() {
    repeating_flags=()
    non_repeating_flags=(--config --json --strict --version -h --help)
    repeating_options=()
    non_repeating_options=(--http-host --http-port --admin-host --admin-port --log-level --log-format)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--http-host')
        return
        ;;
    '--http-port')
        return
        ;;
    '--admin-host')
        return
        ;;
    '--admin-port')
        return
        ;;
    '--log-level')
        return
        ;;
    '--log-format')
        return
        ;;
    esac
}

_connvo-server_healthcheck() {
    repeating_flags=()
    non_repeating_flags=(--live --quiet --version -h --help)
    repeating_options=()
    non_repeating_options=(--timeout --admin-host --admin-port)
    __connvo-server_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--timeout')
        return
        ;;
    '--admin-host')
        return
        ;;
    '--admin-port')
        return
        ;;
    esac
}

_connvo-server_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __connvo-server_offer_flags_options -1
}

_connvo-server_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __connvo-server_offer_flags_options -1
}

complete -o filenames -F _connvo-server connvo-server
