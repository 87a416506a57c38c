/**
 * A command line as people write it, taken apart into its words without a shell: white space between words, quotes and
 * backslashes as in XCU 2.2 of POSIX. What only a shell could do is refused, never done: a job document gives no shell
 * string.
 */

export type SplitCommand =
  /** Never empty, and the first word, the program, is not empty either. */
  | { readonly ok: true; readonly words: readonly string[] }
  /** `problem` goes on where a sentence has begun with the command's place. */
  | { readonly ok: false; readonly problem: string };

/** What stands unquoted for something else (XCU 2.3, 2.6, 2.7, 2.10, 2.13), and braces, which some shells expand. */
const SHELL_ONLY: Readonly<Record<string, string>> = {
  '|': 'a pipe',
  '&': 'a command in the background (it runs as a service anyway) or a second one',
  ';': 'a second command',
  '<': 'a redirection',
  '>': 'a redirection (what it prints is in the journal of the service)',
  '(': 'a subshell',
  ')': 'a subshell',
  $: 'a variable or a command in the place of a word',
  '`': 'a command in the place of a word',
  '*': 'a pattern for file names',
  '?': 'a pattern for file names',
  '[': 'a pattern for file names',
  '{': 'a list in braces',
  '}': 'a list in braces',
  '\n': 'a second line',
};
/** Where a word begins, and nowhere else. */
const SHELL_ONLY_FIRST: Readonly<Record<string, string>> = { '~': 'a home folder', '#': 'a comment' };
/** Inside double quotes (XCU 2.2.3). */
const SHELL_ONLY_QUOTED: ReadonlySet<string> = new Set(['$', '`']);
/** What a backslash inside double quotes takes the meaning of (XCU 2.2.3); before anything else it stands for itself. */
const ESCAPABLE_QUOTED: ReadonlySet<string> = new Set(['$', '`', '"', '\\']);

/** Words that only a shell understands, in the place of the program (XCU 2.4, 2.14), and what to write instead. */
const SHELL_WORDS: Readonly<Record<string, string>> = {
  '!': '',
  '.': '',
  cd: '; give the folder as workingDirectory',
  exec: '; leave it out',
  source: '',
  eval: '',
  export: '; write env NAME=VALUE before the program',
  set: '',
  ulimit: '',
  umask: '',
  trap: '',
  wait: '',
  if: '',
  for: '',
  while: '',
  until: '',
  case: '',
  function: '',
};

export function splitLaunchCommand(text: string): SplitCommand {
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const word = readWord(rest);
    if ('problem' in word) return { ok: false, problem: word.problem };
    words.push(word.value);
    rest = word.rest.replace(/^[ \t\r]+/, '');
  }
  const [program] = words;
  if (program === undefined || program === '') return { ok: false, problem: 'expected a program and its arguments' };
  const problem = programProblem(program);
  return problem === undefined ? { ok: true, words } : { ok: false, problem };
}

function programProblem(program: string): string | undefined {
  if (/^[A-Za-z_]\w*=/.test(program)) {
    return `begins with the setting of a variable, which takes a shell, and there is none; write env before it`;
  }
  const hint = Object.hasOwn(SHELL_WORDS, program) ? SHELL_WORDS[program] : undefined;
  if (hint !== undefined) return `begins with ${program}, which only a shell understands, and there is none${hint}`;
  return program.startsWith('-') ? 'begins with what looks like an option, not with a program' : undefined;
}

type Word = { readonly value: string; readonly rest: string } | { readonly problem: string };

/** @param text begins with a word. */
function readWord(text: string): Word {
  let value = '';
  let at = 0;
  while (at < text.length && !/[ \t\r]/.test(text.charAt(at))) {
    const char = text.charAt(at);
    const part = char === '"' || char === "'" ? readQuoted(text, at) : readBare(text, at);
    if ('problem' in part) return part;
    value += part.value;
    at = part.end;
  }
  return { value, rest: text.slice(at) };
}

type Part = { readonly value: string; readonly end: number } | { readonly problem: string };

function readBare(text: string, at: number): Part {
  const char = text.charAt(at);
  if (char === '\\') {
    const escaped = text.charAt(at + 1);
    return escaped === '' || escaped === '\n'
      ? { problem: 'ends in a backslash, which would need another line' }
      : { value: escaped, end: at + 2 };
  }
  const means = SHELL_ONLY[char] ?? (at === 0 ? SHELL_ONLY_FIRST[char] : undefined);
  return means === undefined ? { value: char, end: at + 1 } : needsShell(char, means);
}

/** @param at where the opening quote is. */
function readQuoted(text: string, at: number): Part {
  const quote = text.charAt(at);
  let value = '';
  for (let next = at + 1; next < text.length; next++) {
    const char = text.charAt(next);
    if (char === quote) return { value, end: next + 1 };
    const means = quote === '"' && SHELL_ONLY_QUOTED.has(char) ? SHELL_ONLY[char] : undefined;
    if (means !== undefined) return needsShell(char, means);
    if (quote === '"' && char === '\\' && ESCAPABLE_QUOTED.has(text.charAt(next + 1))) {
      next++;
      value += text.charAt(next);
    } else value += char;
  }
  return { problem: `has a ${quote === '"' ? 'double' : 'single'} quote without an end` };
}

function needsShell(char: string, means: string): { readonly problem: string } {
  const shown = char === '\n' ? 'a line end' : char;
  const cure = char === '\n' ? '' : `; quote it with ' where it means just itself`;
  return { problem: `needs a shell for ${shown}, ${means}, and there is none${cure}` };
}
