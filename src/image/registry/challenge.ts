/** One way a server offers to authenticate (RFC 9110 11.6.1). Names are lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+/;
const QUOTED = /^"((?:[^"\\]|\\.)*)"/;

/** Reads WWW-Authenticate; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let rest = header;
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '');
    const word = TOKEN.exec(rest)?.[0];
    if (word === undefined) return challenges;
    rest = rest.slice(word.length);
    const after = rest.replace(/^\s*=\s*/, '');
    if (after.length === rest.length || rest.startsWith(' ')) {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
      continue;
    }
    const value = QUOTED.exec(after) ?? TOKEN.exec(after);
    const last = challenges.at(-1);
    if (value === null || last === undefined) return challenges;
    last.parameters[word.toLowerCase()] = value[1] === undefined ? value[0] : value[1].replace(/\\(.)/g, '$1');
    rest = after.slice(value[0].length);
  }
}
