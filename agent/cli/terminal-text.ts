/** Text for a terminal. A job may print anything: what would drive the terminal is shown, and not done. */
export function visible(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What stands in a line of ours, and must not begin one that looks like ours. */
export function visibleInLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n');
}

/** Pairs in two columns, each line with `indent` before it. Further lines of a value stand under its first. */
export function columns(pairs: readonly (readonly [string, string])[], indent = '  '): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  const under = `\n${indent}${' '.repeat(width + 2)}`;
  return pairs
    .map(([name, value]) => `${indent}${name.padEnd(width)}  ${visible(value).trimEnd().replaceAll('\n', under)}\n`)
    .join('');
}
