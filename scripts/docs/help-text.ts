/** What `--help` prints, taken apart for the manual page: it is written once, in agent/cli/usage.ts and usage-of.ts. */

export interface HelpText {
  /** Each way to call it. */
  readonly synopsis: readonly string[];
  readonly paragraphs: readonly string[];
  /** Under `Options:` and the like: a word, and what it means. */
  readonly lists: readonly { readonly title: string; readonly entries: readonly Entry[] }[];
  readonly examples: readonly string[];
  /** After `Exit status:`. */
  readonly exitStatus: string;
}

export interface Entry {
  readonly tag: string;
  readonly text: string;
}

/** Two blanks begin an entry, and two or more stand before what it means; what is further in goes on with it. */
const ENTRY = /^ {2}(?! )(.+?)(?: {2,}(.*))?$/;

/** @throws Error where the text has another form, so that `npm run docs` fails and nothing is lost. */
export function parseHelp(text: string): HelpText {
  const [usage = '', ...blocks] = text.trimEnd().split('\n\n');
  const lists: { title: string; entries: readonly Entry[] }[] = [];
  const paragraphs: string[] = [];
  let examples: readonly string[] = [];
  let exitStatus = '';
  for (const block of blocks) {
    const [first = '', ...rest] = block.split('\n');
    if (first === 'Examples:') examples = rest.map((line) => line.trim());
    else if (block.includes('Exit status: ')) {
      const [before = '', after = ''] = block.split('Exit status: ');
      if (before.trim() !== '') paragraphs.push(oneLine(before));
      exitStatus = oneLine(after);
    } else if (first.endsWith(':') && !first.startsWith(' ')) {
      lists.push({ title: first.slice(0, -1), entries: entriesOf(rest) });
    } else if (first.startsWith('  ')) {
      const last = lists.pop();
      if (last === undefined) throw new Error(`a list without a title in the help: ${first}`);
      lists.push({ ...last, entries: [...last.entries, ...entriesOf([first, ...rest])] });
    } else paragraphs.push(oneLine(block));
  }
  if (!usage.startsWith('Usage: ')) throw new Error(`the help begins with ${JSON.stringify(usage)}, not with Usage:`);
  return {
    synopsis: usage.split('\n').map((line) => line.replace('Usage:', '').trim()),
    paragraphs,
    lists,
    examples,
    exitStatus,
  };
}

function entriesOf(lines: readonly string[]): readonly Entry[] {
  const entries: Entry[] = [];
  for (const line of lines) {
    const [, tag, text = ''] = ENTRY.exec(line) ?? [];
    if (tag !== undefined) {
      entries.push({ tag, text });
      continue;
    }
    const last = entries.pop();
    if (last === undefined) throw new Error(`nothing goes before this line of the help: ${line}`);
    entries.push({ tag: last.tag, text: `${last.text} ${line.trim()}`.trim() });
  }
  return entries;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
