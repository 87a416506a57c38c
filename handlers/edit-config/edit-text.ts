/** The change that a job asks for, made to the content of a file. */
import { EditError, type EditedText, notParsed } from './edit-error.ts';
import { editIni, type IniMembers } from './ini-edit.ts';
import { SEPARATORS } from './ini-lines.ts';
import { type JsonMembers, mergeJson } from './json-merge.ts';
import { type PatchOperation, patchJson } from './json-patch.ts';
import { JSON_TEXT } from './json-text.ts';
import { editLines } from './line-edit.ts';
import type { EditConfigParameters } from './parameters.ts';
import type { TextFormat } from './text-format.ts';
import { yamlText } from './yaml-text.ts';

/** Of a file that is edited as text. Larger ones are not made by hand, and a program can change them. */
export const MAX_CONFIG_BYTES = 1024 ** 2;

export interface EditedContent {
  readonly content: Buffer;
  readonly changed: readonly string[];
}

const BYTE_ORDER_MARK = '\ufeff';

/** @throws EditError */
export async function editContent(content: Buffer, parameters: EditConfigParameters): Promise<EditedContent> {
  const whole = decoded(content);
  const mark = whole.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  const { text, changed } = await editText(whole.slice(mark.length), parameters);
  const edited = Buffer.from(mark + text);
  if (edited.length > MAX_CONFIG_BYTES) throw tooLarge(edited.length, 'would have');
  return { content: edited, changed };
}

export function tooLarge(bytes: number, has = 'has'): EditError {
  return new EditError('CONFIG_UNSUITABLE', `${has} ${bytes} bytes, more than ${MAX_CONFIG_BYTES}`);
}

async function editText(text: string, parameters: EditConfigParameters): Promise<EditedText> {
  const { format, merge, separator = 'equals', ensureLines = [], removeLines = [] } = parameters;
  switch (format) {
    case 'json':
      if (text.trim() === '') throw notParsed(1, 1, 'expected a value, and the file is empty');
      return editTree(text, parameters, JSON_TEXT);
    case 'yaml':
      // Read by the few jobs that need it: it is a tenth of the program.
      return editTree(text, parameters, yamlText(await import('yaml')));
    case 'ini':
      return editIni(text, (merge ?? {}) as IniMembers, SEPARATORS[separator]);
    case 'lines':
      return editLines(text, { ensureLines, removeLines });
  }
}

function editTree(text: string, { merge, patch = [] }: EditConfigParameters, format: TextFormat): EditedText {
  const merged = merge === undefined ? { text, changed: [] } : mergeJson(text, merge as JsonMembers, format);
  const patched = patchJson(merged.text, patch as readonly PatchOperation[], format);
  return { text: patched.text, changed: [...new Set([...merged.changed, ...patched.changed])] };
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
