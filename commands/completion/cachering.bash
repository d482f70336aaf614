# bash completion of cachering. Source this, or put it into a folder of bash-completion.
_cachering() {
    local rest=${COMP_LINE:0:COMP_POINT} word='' piece='' i reply
    local -a words=()
    # bash breaks words at : and =, which stand in keys, shards and flags.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        piece=${COMP_WORDS[i]}
        if [[ $i -gt 0 && $rest == [[:space:]]* ]]; then
            words+=("$word")
            word=''
            rest=${rest#"${rest%%[![:space:]]*}"}
        fi
        if [[ $i -eq $COMP_CWORD ]]; then piece=$rest; fi
        word+=$piece
        rest=${rest#"$piece"}
    done
    words+=("$word")
    # Only what follows the last break is replaced.
    local head=${word%"$piece"}
    if [[ $piece != [\"\']* && -z ${piece//[$COMP_WORDBREAKS]/} ]]; then head=$word; fi
    local program=${words[0]/#\~\//$HOME/}
    if [[ -z $(type -P -- "$program") ]]; then program=cachering; fi
    COMPREPLY=()
    while IFS= read -r reply; do
        case $reply in
        $'\tfile') compopt -o default && continue ;;
        $'\tdir') compopt -o dirnames && continue ;;
        *=$'\t'* | *=) compopt -o nospace ;;
        esac
        reply=${reply%%$'\t'*}
        reply=${reply#"${head//\\/}"}
        if [[ $piece != [\"\']* && $reply == *[!A-Za-z0-9_./:@=,+%-]* ]]; then printf -v reply %q "$reply"; fi
        COMPREPLY+=("$reply")
    done < <("$program" completion bash --words -- "${words[@]:1}" 2>/dev/null </dev/null)
} 2>/dev/null
complete -F _cachering cachering
