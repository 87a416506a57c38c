/** The lines of an ini file or of one of `key=value` lines, told apart; none is lost, whatever is in it. */
import { notParsed } from './edit-error.ts';

export type Separator = '=' | ':' | ' ';

/** By its name in a job document. */
export const SEPARATORS: Readonly<Record<'equals' | 'colon' | 'space', Separator>> = {
  equals: '=',
  colon: ':',
  space: ' ',
};

export type IniLine =
  | { readonly kind: 'other'; readonly text: string } // empty, or a comment
  | { readonly kind: 'section'; readonly text: string; readonly name: string }
  | {
      readonly kind: 'entry';
      /** With the lines that continue it, joined by the file's line ends. */
      readonly text: string;
      readonly key: string;
      /** What stands before the value: indentation, key, separator. */
      readonly lead: string;
      /** All after the separator. */
      readonly value: string;
      /** A key alone, without a separator. */
      readonly isFlag: boolean;
      /** Counts from 1. */
      readonly lineNumber: number;
    };

const SECTION = /^\s*\[([^\]]*)\]\s*(?:[#;].*)?$/;
const COMMENT = /^\s*(?:[#;].*)?$/;
/** A key alone, as `skip-networking` in my.cnf; with more than one word something is missing. */
const FLAG = /^\s*[A-Za-z0-9_.-]+\s*$/;

const ENTRIES: Readonly<Record<Separator, RegExp>> = {
  '=': /^(\s*([^=\s](?:[^=]*[^=\s])?)\s*=[ \t]*)(.*)$/s,
  ':': /^(\s*([^:\s](?:[^:]*[^:\s])?)\s*:[ \t]*)(.*)$/s,
  ' ': /^(\s*(\S+)[ \t]+)(.*)$/s,
};

/** @throws EditError that names line and column of what is none of these. */
export function parseIniLines(lines: readonly string[], separator: Separator, lineEnd: string): IniLine[] {
  const parsed: IniLine[] = [];
  for (let index = 0; index < lines.length; index++) {
    const lineNumber = index + 1;
    const text = lines[index] ?? '';
    const section = SECTION.exec(text)?.[1];
    if (COMMENT.test(text)) parsed.push({ kind: 'other', text });
    else if (section !== undefined) parsed.push({ kind: 'section', text, name: section });
    else {
      while (lines[index]?.endsWith('\\') && index + 1 < lines.length) index++;
      parsed.push(entryOf(lines.slice(lineNumber - 1, index + 1).join(lineEnd), lineNumber, separator));
    }
  }
  return parsed;
}

function entryOf(text: string, lineNumber: number, separator: Separator): IniLine {
  const [, lead, key, value = ''] = ENTRIES[separator].exec(text) ?? [];
  if (key !== undefined && lead !== undefined)
    return { kind: 'entry', text, key, lead, value, isFlag: false, lineNumber };
  if (FLAG.test(text))
    return { kind: 'entry', text, key: text.trim(), lead: text, value: '', isFlag: true, lineNumber };
  const column = text.length - text.trimStart().length + 1;
  const between = separator === ' ' ? 'white space' : `"${separator}"`;
  throw notParsed(lineNumber, column, `expected a key, ${between} and a value, a [section] or a comment`);
}
