# Text for other programs. To be sourced.
#
# shellcheck shell=bash

# Prints TEXT as a part of a URL that is taken literally.
percent_encoded() { # TEXT
    local LC_ALL=C text=$1 index character
    for ((index = 0; index < ${#text}; index++)); do
        character=${text:index:1}
        case $character in
            [A-Za-z0-9/._~-]) printf %s "$character" ;;
            *) printf '%%%02X' "'$character" ;;
        esac
    done
}
