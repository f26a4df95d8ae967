import { globalFlags } from '../flags/global.ts';
import type { CommandSpec } from '../flags/spec.ts';
import { rkt } from '../flags/table.ts';
import { shownFlags } from './help.ts';

/** Code for bash that completes the commands and flags of the table. */
export function bashCompletion(): string {
  return `# bash completion for rkt

__rkt_words() {
    case "$1" in
${commandCases(rkt, ['rkt']).join('\n')}
    esac
}

__rkt() {
    local current="\${COMP_WORDS[COMP_CWORD]}" path="rkt" word
    COMPREPLY=()
    for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case " $(__rkt_words "$path") " in
        *" $word "*) [[ "$word" == -* ]] || path="$path $word" ;;
        esac
    done
    if [[ "$current" == -* ]]; then
        COMPREPLY=($(compgen -W "$(__rkt_words "$path")" -- "$current"))
        [[ "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace
    else
        COMPREPLY=($(compgen -W "$(__rkt_words "$path" | tr ' ' '\\n' | grep -v '^-')" -- "$current"))
        [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
    fi
    return 0
}

complete -F __rkt rkt
`;
}

/** A branch a command: what may follow it. */
function commandCases(command: CommandSpec, path: readonly string[]): string[] {
  const below = (command.commands ?? []).filter(({ hidden, later }) => !hidden && !later);
  const flags = [...shownFlags(command.name === 'rkt' ? [] : command.flags), ...shownFlags(globalFlags)];
  const words = [...below.map(({ name }) => name), ...flags.map((flag) => `--${flag.name}${flag.alone === undefined ? '=' : ''}`)];
  const own = `    "${path.join(' ')}") echo "${words.join(' ')}" ;;`;
  return [own, ...below.flatMap((child) => commandCases(child, [...path, child.name]))];
}
