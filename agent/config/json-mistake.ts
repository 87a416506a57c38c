/**
 * Where a text stops being JSON. `JSON.parse` of Node 20 often names no position, and a person with a config file open
 * in an editor needs line and column.
 */
export interface JsonMistake {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  /** What stands there, or `the end of the file`. */
  readonly found: string;
}

/** @returns nothing when the text is JSON. */
export function findJsonMistake(text: string): JsonMistake | undefined {
  const open: ('{' | '[')[] = [];
  let state: State = 'value';
  let offset = 0;
  for (;;) {
    offset += matchAt(/[ \t\r\n]*/y, text, offset)?.length ?? 0;
    if (offset === text.length && state === 'end') return undefined;
    const token = matchAt(TOKEN, text, offset);
    const next: State | undefined = token === undefined ? undefined : step(state, token, open);
    if (token === undefined || next === undefined) return describe(text, offset, state, open);
    state = next;
    offset += token.length;
  }
}

/** What may come next; inside what is kept in `open`, innermost last. */
type State = 'value' | 'value-or-close' | 'key' | 'key-or-close' | 'colon' | 'comma-or-close' | 'end';

// A string may hold a raw DEL but no other control character (RFC 8259, part 7).
const STRING = '"(?:[^"\\\\\\u0000-\\u001f]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*"';
const NUMBER = '-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?(?![\\w.])';
const TOKEN = new RegExp(`[{}[\\]:,]|${STRING}|${NUMBER}|(?:true|false|null)(?!\\w)`, 'y');

function matchAt(sticky: RegExp, text: string, offset: number): string | undefined {
  sticky.lastIndex = offset;
  return sticky.exec(text)?.[0];
}

function step(state: State, token: string, open: ('{' | '[')[]): State | undefined {
  const isValue = !'{}[]:,'.includes(token);
  switch (state) {
    case 'value':
    case 'value-or-close':
      if (token === ']' && state === 'value-or-close') return close(open);
      if (token === '{' || token === '[') {
        open.push(token);
        return token === '{' ? 'key-or-close' : 'value-or-close';
      }
      return isValue ? afterValue(open) : undefined;
    case 'key':
    case 'key-or-close':
      if (token === '}' && state === 'key-or-close') return close(open);
      return token.startsWith('"') ? 'colon' : undefined;
    case 'colon':
      return token === ':' ? 'value' : undefined;
    case 'comma-or-close':
      if (token === ',') return open.at(-1) === '{' ? 'key' : 'value';
      return token === (open.at(-1) === '{' ? '}' : ']') ? close(open) : undefined;
    case 'end':
      return undefined;
  }
}

function close(open: ('{' | '[')[]): State {
  open.pop();
  return afterValue(open);
}

function afterValue(open: readonly string[]): State {
  return open.length === 0 ? 'end' : 'comma-or-close';
}

function describe(text: string, offset: number, state: State, open: readonly string[]): JsonMistake {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  const rest = text.slice(offset);
  return {
    line: before.length,
    column: (before.at(-1) ?? '').length + 1,
    expected: expectedIn(state, open),
    found: rest === '' ? 'the end of the file' : (rest.match(/^(?:"[^"\r\n]{0,30}"?|[\w.+-]{1,30}|.)/s)?.[0] ?? ''),
  };
}

function expectedIn(state: State, open: readonly string[]): string {
  switch (state) {
    case 'value':
      return 'a value (text in double quotes, a number, true, false, null, { or [)';
    case 'value-or-close':
      return 'a value or ]';
    case 'key':
      return 'a name in double quotes (no comma may stand before })';
    case 'key-or-close':
      return 'a name in double quotes or }';
    case 'colon':
      return 'a colon';
    case 'comma-or-close':
      return open.at(-1) === '{' ? 'a comma or }' : 'a comma or ]';
    case 'end':
      return 'nothing after the closing }';
  }
}
