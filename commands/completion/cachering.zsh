#compdef cachering
# zsh completion of cachering. Put this into a folder of fpath as _cachering, or source it
# behind compinit.
_cachering() {
    local -a found names told
    local line program=${~words[1]}
    whence -p -- $program >/dev/null || program=cachering
    found=("${(@f)$($program completion zsh --words -- "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null </dev/null)}")
    for line in $found; do
        case $line in
        ($'\tfile') compset -P '--*='; _files; return ;;
        ($'\tdir') compset -P '--*='; _files -/; return ;;
        esac
        names+=("${line%%$'\t'*}")
        told+=("${line/$'\t'/  -- }")
    done
    (( $#names )) || return 1
    if [[ $names[1] == *= ]]; then
        compadd -S '' -l -d told -a names
    else
        compadd -l -d told -a names
    fi
}
if [[ $funcstack[1] == _cachering ]]; then
    _cachering "$@"
else
    compdef _cachering cachering
fi
