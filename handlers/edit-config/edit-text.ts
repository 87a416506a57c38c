/** The change that a job asks for, made to the content of a file. */
import { EditError, type EditedText, notParsed } from './edit-error.ts';
import { editIni, type IniMembers } from './ini-edit.ts';
import { SEPARATORS } from './ini-lines.ts';
import { type JsonMembers, mergeJson } from './json-merge.ts';
import { type PatchOperation, patchJson } from './json-patch.ts';
import { editLines } from './line-edit.ts';
import type { EditConfigParameters } from './parameters.ts';

/** Of a file that is edited as text. Larger ones are not made by hand, and a program can change them. */
export const MAX_CONFIG_BYTES = 1024 ** 2;

export interface EditedContent {
  readonly content: Buffer;
  readonly changed: readonly string[];
}

const BYTE_ORDER_MARK = '\ufeff';

/** @throws EditError */
export function editContent(content: Buffer, parameters: EditConfigParameters): EditedContent {
  const whole = decoded(content);
  const mark = whole.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  const { text, changed } = editText(whole.slice(mark.length), parameters);
  const edited = Buffer.from(mark + text);
  if (edited.length > MAX_CONFIG_BYTES) throw tooLarge(edited.length, 'would have');
  return { content: edited, changed };
}

export function tooLarge(bytes: number, has = 'has'): EditError {
  return new EditError('CONFIG_UNSUITABLE', `${has} ${bytes} bytes, more than ${MAX_CONFIG_BYTES}`);
}

function editText(text: string, parameters: EditConfigParameters): EditedText {
  const { format, merge, patch = [], separator = 'equals', ensureLines = [], removeLines = [] } = parameters;
  switch (format) {
    case 'json': {
      if (text.trim() === '') throw notParsed(1, 1, 'expected a value, and the file is empty');
      const merged = merge === undefined ? { text, changed: [] } : mergeJson(text, merge as JsonMembers);
      const patched = patchJson(merged.text, patch as readonly PatchOperation[]);
      return { text: patched.text, changed: [...new Set([...merged.changed, ...patched.changed])] };
    }
    case 'ini':
      return editIni(text, (merge ?? {}) as IniMembers, SEPARATORS[separator]);
    case 'lines':
      return editLines(text, { ensureLines, removeLines });
  }
}

function decoded(content: Buffer): string {
  if (content.includes(0)) throw new EditError('CONFIG_UNSUITABLE', 'is no text: it has null bytes');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch (error) {
    const lines = content.toString('utf8').split('\ufffd')[0]?.split('\n') ?? [];
    const where = `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
    throw new EditError('CONFIG_UNSUITABLE', `is no text in UTF-8: ${where}`, { cause: error });
  }
}
