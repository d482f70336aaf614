# fish completion of cachering. Put this into ~/.config/fish/completions as cachering.fish.
function __cachering_complete
    set -l words (commandline -opc)
    while string match -qr '^\w+=' -- $words[1] # variables in front of the program
        set -e words[1]
    end
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    type -q -- $program; or set program cachering
    set -e words[1]
    set -l begun (commandline -ct)
    set -l found ($program completion fish --words -- (string escape --no-quoted -- $words) "$begun" 2>/dev/null </dev/null)
    set -l head (string match -r -- '^--[^=]*=' "$begun")
    switch "$found"
        case \t'file'
            __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$begun") | string replace -r -- '^' "$head"
        case \t'dir'
            __fish_complete_directories (string replace -r -- '^--[^=]*=' '' "$begun") '' | string replace -r -- '^' "$head"
        case '*'
            printf '%s\n' $found
    end
end
complete -c cachering -f -a '(__cachering_complete)'
