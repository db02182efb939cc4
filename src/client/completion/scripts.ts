/** The shells that completion supports. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/*
 * Each script passes the line up to the cursor to `barge __completeNoDesc` or `__complete`, and reads the candidates
 * and, in the last line, the sum of: 2 no trailing space, 4 no files, 16 only directories.
 */

const BASH = `# bash completion for barge. Load it with:  source <(barge completion bash)
# For every session:  barge completion bash >/etc/bash_completion.d/barge
_barge() {
  local line=\${COMP_LINE:0:COMP_POINT} cur out directive candidate prefix
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  (( \${#words[@]} > 1 )) || return 0
  cur=\${words[-1]}
  COMPREPLY=()
  out=$("\${words[0]}" __completeNoDesc "\${words[@]:1}" 2>/dev/null) || return 0
  directive=\${out##*:}
  out=\${out%:*}
  # Bash replaces only what follows the last of its word breaks.
  prefix=''
  if [[ $cur == *[:=]* && $COMP_WORDBREAKS == *[:=]* ]]; then prefix=\${cur%"\${cur##*[:=]}"}; fi
  while IFS= read -r candidate; do
    [[ -n $candidate && $candidate == "$cur"* ]] && COMPREPLY+=("\${candidate#"$prefix"}")
  done <<<"$out"
  (( directive & 2 )) && compopt -o nospace 2>/dev/null
  if (( \${#COMPREPLY[@]} == 0 )); then
    if (( directive & 16 )); then
      while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -d -- "\${cur#"$prefix"}")
      compopt -o filenames 2>/dev/null
    elif ! (( directive & 4 )); then
      while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "\${cur#"$prefix"}")
      compopt -o filenames 2>/dev/null
    fi
  fi
  return 0
}
complete -o nosort -F _barge barge 2>/dev/null || complete -F _barge barge
`;

const ZSH = `#compdef barge
# zsh completion for barge. Load it with:  source <(barge completion zsh)
# For every session:  barge completion zsh >"\${fpath[1]}/_barge"
_barge() {
  local out directive line value
  local -a typed candidates nospace
  typed=("\${(@)words[2,CURRENT]}")
  out=$("\${words[1]}" __complete "\${(@Q)typed}" 2>/dev/null) || return 1
  directive=\${out##*:}
  for line in "\${(@f)out%:*}"; do
    [[ -n $line ]] || continue
    value=\${line%%$'\\t'*}
    value=\${value//:/\\\\:}
    if [[ $line == *$'\\t'* ]]; then candidates+=("$value:\${line#*$'\\t'}"); else candidates+=("$value"); fi
  done
  (( directive & 2 )) && nospace=(-S '')
  if (( \${#candidates} )); then
    _describe -t barge 'barge' candidates "\${nospace[@]}"
  elif (( directive & 16 )); then
    _files -/
  elif ! (( directive & 4 )); then
    _files
  fi
}
if [[ \${funcstack[1]} == _barge ]]; then _barge "$@"; else compdef _barge barge; fi
`;

const FISH = `# fish completion for barge. Load it with:  barge completion fish | source
# For every session:  barge completion fish >~/.config/fish/completions/barge.fish
function __barge_complete
    set -l typed (commandline -opc) (commandline -ct)
    set -l out (command $typed[1] __complete $typed[2..-1] 2>/dev/null)
    or return
    set -l directive (string sub -s 2 -- $out[-1])
    set -e out[-1]
    if test (count $out) -gt 0
        printf '%s\\n' $out
    else if test (math "floor($directive / 16) % 2") -eq 1
        __fish_complete_directories (commandline -ct)
    else if test (math "floor($directive / 4) % 2") -eq 0
        __fish_complete_path (commandline -ct)
    end
end
complete -c barge -f -a '(__barge_complete)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
