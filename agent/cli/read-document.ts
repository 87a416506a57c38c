/** Reads a job document that a person has before them: a mistake is told with line and column. */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { findJsonMistake } from '../config/json-mistake.ts';
import type { JsonValue } from '../core/json.ts';
import { fileProblem } from '../files/file-problem.ts';
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
/** What is longer than that was named by mistake. */
const MAX_BYTES = 16 * 1024 ** 2;

/** @param path `-` for stdin. @throws UsageError. */
export async function readDocument(path: string): Promise<ReadDocument> {
  const name = path === '-' ? 'stdin' : path;
  const content = (await contentOf(path)).replace(/^\uFEFF/, '');
  if (content.trim() === '') throw new UsageError(`${name} is empty: expected a job document, JSON`);
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
  try {
    return await textOf(path === '-' ? process.stdin : createReadStream(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new UsageError(`there is no file ${path}`);
    const problem = await fileProblem(error, resolve(path), 'read');
    throw new UsageError(problem.startsWith('it ') ? `${path === '-' ? 'stdin' : path}: ${problem}` : problem);
  }
}

/** It may be a pipe, or a file without end. */
async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes, and is no job document`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
