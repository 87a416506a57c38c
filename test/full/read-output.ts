/** What a summary keeps of the output of a check. Pure. */

export interface Finding {
  /** Its tables, each with the line before it, oldest first; of very many lines the last. */
  readonly tables: string;
  readonly lastLine: string;
  /** What it could not check here. */
  readonly warnings: readonly string[];
}

const MAX_TABLE_LINES = 80;

export function readOutput(output: string): Finding {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colours
  const plain = output.replace(/\u001b\[[\d;]*m/g, '');
  const lines = plain.split('\n').map((line) => line.trimEnd());
  const warnings = lines.filter((line) => line.startsWith('WARNING')).map((line) => line.replace(/^WARNING:? */, ''));
  const tables = tablesIn(lines).slice(-MAX_TABLE_LINES);
  return { tables: tables.join('\n'), lastLine: lines.findLast((line) => line !== '') ?? '', warnings };
}

function tablesIn(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const end = lines.findIndex((line, index) => index >= at && !isRow(line));
    const table = lines.slice(at, end === -1 ? undefined : end);
    if (table.length < 2) continue;
    const title = lines[at - 1] ?? '';
    if (kept.length > 0) kept.push('');
    kept.push(...(title === '' || isFact(title) ? [] : [title]), ...table);
    at += table.length - 1;
  }
  return kept;
}

/** Two cells at least, or a rule. */
function isRow(line: string): boolean {
  return !isFact(line) && !line.startsWith('WARNING') && (/\S {2,}\S/.test(line) || /^[- ]+$/.test(line));
}

/** As the checks in bash, and vitest, tell one fact after another. */
function isFact(line: string): boolean {
  return /^(ok|FAIL) {2,}|^ *[✓×] /.test(line);
}
