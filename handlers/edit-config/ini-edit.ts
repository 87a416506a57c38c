/** Sets and removes keys of an ini file or of one of `key=value` lines. Comments, order and spelling of the rest stay. */
import { type EditedText, impossible } from './edit-error.ts';
import { type IniLine, parseIniLines, type Separator } from './ini-lines.ts';

export type IniScalar = string | number | boolean;
/** A list: the key as often, one value each. null: not at all. */
export type IniValue = IniScalar | readonly IniScalar[] | null;
/** A key before the first section, or a section by its name; null removes what is there of either. */
export type IniMembers = Readonly<Record<string, IniValue | Readonly<Record<string, IniValue>>>>;

/** Before the first section. */
const NO_SECTION = '';

/** @throws EditError for a file of another format, or a change that could mean two things. */
export function editIni(text: string, members: IniMembers, separator: Separator): EditedText {
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? '\n';
  const rows = text.split(/\r?\n/);
  if (rows.at(-1) === '') rows.pop(); // what is behind the last line end is no line
  const edit: IniEdit = { lines: parseIniLines(rows, separator, lineEnd), separator, changed: [] };
  for (const [name, value] of Object.entries(members)) {
    if (value === null) removeAll(edit, name);
    else if (isSection(value)) {
      for (const [key, entry] of Object.entries(value)) setKey(edit, name, { key, value: entry });
    } else setKey(edit, NO_SECTION, { key: name, value });
  }
  if (edit.changed.length === 0) return { text, changed: [] };
  return { text: edit.lines.map((line) => line.text + lineEnd).join(''), changed: edit.changed };
}

interface IniEdit {
  readonly lines: IniLine[];
  readonly separator: Separator;
  readonly changed: string[];
}

/** Lines from `start` up to, and without, `end`; the header of a named section is at `start - 1`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

function setKey(
  edit: IniEdit,
  section: string,
  { key, value }: { readonly key: string; readonly value: IniValue },
): void {
  const values = value === null ? [] : (Array.isArray(value) ? (value as IniScalar[]) : [value]).map(String);
  const range = findSection(edit, section);
  const there = range === undefined ? [] : entriesOf(edit, range).filter((entry) => entry.line.key === key);
  if (there.length > 1 && value !== null && !Array.isArray(value)) {
    const numbers = there.map(({ line }) => line.lineNumber).join(', ');
    throw impossible(
      `${nameOf(section, key)} is there ${there.length} times (lines ${numbers}); give a list of all values`,
    );
  }
  const old = there.map(({ line }) => line.value.trimEnd());
  if (old.length === values.length && old.every((text, index) => text === values[index])) return;
  edit.changed.push(nameOf(section, key));
  const [first] = there;
  if (first === undefined) {
    addKey(edit, range ?? addSection(edit, section), { key, values });
    return;
  }
  const lead = first.line.isFlag ? `${first.line.lead.trimEnd()}${sign(edit)}` : first.line.lead;
  for (const { index } of there.slice(1).reverse()) edit.lines.splice(index, 1);
  edit.lines.splice(first.index, 1, ...values.map((text) => entry(key, lead, text)));
}

function removeAll(edit: IniEdit, name: string): void {
  setKey(edit, NO_SECTION, { key: name, value: null });
  const range = findSection(edit, name);
  if (range === undefined) return;
  edit.changed.push(`[${name}]`);
  // Comments right before the next section are about that one.
  edit.lines.splice(range.start - 1, beforeComments(edit, range.end, range.start) - range.start + 1);
}

function addKey(
  edit: IniEdit,
  range: Range,
  { key, values }: { readonly key: string; readonly values: readonly string[] },
): void {
  const entries = entriesOf(edit, range);
  const model = entries[0]?.line ?? edit.lines.find((line) => line.kind === 'entry');
  const indent = /^\s*/.exec(model?.lead ?? '')?.[0] ?? '';
  const between = model === undefined || model.isFlag ? sign(edit) : model.lead.slice(indent.length + model.key.length);
  const index = commentedOut(edit, range, key) ?? (entries.at(-1)?.index ?? lastLine(edit, range)) + 1;
  edit.lines.splice(index, 0, ...values.map((text) => entry(key, indent + key + between, text)));
}

/** Where `#key=…` stands, as in the files that come with packages: the line behind it. */
function commentedOut(edit: IniEdit, { start, end }: Range, key: string): number | undefined {
  for (let index = end - 1; index >= start; index--) {
    const text = edit.lines[index]?.text ?? '';
    const [, commented] = /^\s*[#;]+\s*(.*)$/.exec(text) ?? [];
    const behind = commented?.startsWith(key) ? commented.slice(key.length) : undefined;
    if (behind !== undefined && (edit.separator === ' ' ? /^\s/ : /^\s*[=:]/).test(behind)) return index + 1;
  }
  return undefined;
}

/** Behind what a section without entries has; -1 for the very beginning. */
function lastLine(edit: IniEdit, { start, end }: Range): number {
  const isLast = end === edit.lines.length;
  let index = isLast ? end : beforeComments(edit, end, start);
  while (index > start && edit.lines[index - 1]?.text.trim() === '') index--;
  return index - 1;
}

/** Steps back over the comments that stand right before a line. */
function beforeComments(edit: IniEdit, end: number, start: number): number {
  let index = end;
  while (index > start && index < edit.lines.length && isComment(edit.lines[index - 1])) index--;
  return index;
}

function isComment(line: IniLine | undefined): boolean {
  return line?.kind === 'other' && line.text.trim() !== '';
}

function addSection(edit: IniEdit, section: string): Range {
  const last = edit.lines.at(-1);
  if (last !== undefined && last.text.trim() !== '') edit.lines.push({ kind: 'other', text: '' });
  edit.lines.push({ kind: 'section', text: `[${section}]`, name: section });
  return { start: edit.lines.length, end: edit.lines.length };
}

/** @throws EditError where there are several of the name: which one is meant is not for us to say. */
function findSection({ lines }: IniEdit, name: string): Range | undefined {
  const starts = lines.flatMap((line, index) => (line.kind === 'section' && line.name === name ? [index + 1] : []));
  if (starts.length > 1) throw impossible(`there are ${starts.length} sections [${name}]`);
  const start = name === NO_SECTION ? 0 : starts[0];
  if (start === undefined) return undefined;
  const next = lines.findIndex((line, index) => index >= start && line.kind === 'section');
  return { start, end: next === -1 ? lines.length : next };
}

function entriesOf({ lines }: IniEdit, { start, end }: Range) {
  return lines
    .slice(start, end)
    .flatMap((line, index) => (line.kind === 'entry' ? [{ line, index: start + index }] : []));
}

function entry(key: string, lead: string, value: string): IniLine {
  return { kind: 'entry', text: lead + value, key, lead, value, isFlag: false, lineNumber: 0 };
}

function sign({ separator }: IniEdit): string {
  return separator === ':' ? ': ' : separator;
}

function nameOf(section: string, key: string): string {
  return section === NO_SECTION ? key : `[${section}] ${key}`;
}

function isSection(value: IniMembers[string]): value is Readonly<Record<string, IniValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
