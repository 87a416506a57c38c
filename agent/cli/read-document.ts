/** Reads a job document that a person has before them: a mistake is told with line and column. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { findJsonMistake } from '../config/json-mistake.ts';
import type { JsonValue } from '../core/json.ts';
import { UsageError } from './usage.ts';

export interface ReadDocument {
  /** As the document was named; `stdin` for `-`. */
  readonly name: string;
  readonly value: JsonValue;
  /** What would keep it from being made a job of, though it could run. */
  readonly warnings: readonly string[];
}

/** AWS IoT API Reference, CreateJob: `document` has at most 32,768 characters. */
const MAX_CHARACTERS = 32_768;

/** @param path `-` for stdin. @throws UsageError. */
export async function readDocument(path: string): Promise<ReadDocument> {
  const name = path === '-' ? 'stdin' : path;
  const content = (await contentOf(path)).replace(/^\uFEFF/, '');
  const mistake = findJsonMistake(content);
  if (mistake !== undefined) {
    const { line, column, expected, found } = mistake;
    throw new UsageError(`${name}:${line}:${column}: not JSON: expected ${expected}, found ${found}`);
  }
  const isTooLong = content.length > MAX_CHARACTERS;
  const warnings = isTooLong
    ? [`${name} has ${content.length} characters; AWS IoT takes job documents of up to ${MAX_CHARACTERS}`]
    : [];
  return { name, value: JSON.parse(content) as JsonValue, warnings };
}

async function contentOf(path: string): Promise<string> {
  if (path === '-') return text(process.stdin);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(code === 'ENOENT' ? `there is no file ${path}` : message);
  }
}
