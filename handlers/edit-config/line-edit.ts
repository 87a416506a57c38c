/** Whole lines of a text: those that must be there, and those that must not. */
import type { EditedText } from './edit-error.ts';

export interface LineChanges {
  readonly ensureLines: readonly string[];
  readonly removeLines: readonly string[];
}

/** However much white space there is between words, it is the same line. New lines go to the end, in their order. */
export function editLines(text: string, { ensureLines, removeLines }: LineChanges): EditedText {
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? '\n';
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const unwanted = new Set(removeLines.map(wordsOf));
  const kept = lines.filter((line) => !unwanted.has(wordsOf(line)));
  const there = new Set(kept.map(wordsOf));
  const added = ensureLines.filter((line) => !there.has(wordsOf(line)));
  const removed = lines.length - kept.length;
  if (removed + added.length === 0) return { text, changed: [] };
  return {
    text: [...kept, ...added].map((line) => line + lineEnd).join(''),
    changed: [
      ...(removed === 0 ? [] : [`${removed} lines removed`]),
      ...(added.length === 0 ? [] : [`${added.length} lines added`]),
    ],
  };
}

function wordsOf(line: string): string {
  return line.replace(/\s+/g, ' ').trimEnd();
}
