import { readFile, stat } from 'node:fs/promises';
import { findJsonMistake } from './json-mistake.ts';

export interface SettingsFile {
  /** Empty when there is a problem. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly problem?: string;
}

/** A config file is a few kilobytes; more is some other file named by mistake. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Reads a JSON object; a byte order mark and CRLF line ends, as editors on Windows leave them, do no harm. */
export async function readSettingsFile(file: string): Promise<SettingsFile> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) return problem(file, `expected a JSON file of at most 1 MiB, got ${size} bytes`);
    text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    return problem(file, whyUnreadable(error));
  }
  if (text.trim() === '') return problem(file, 'the file is empty; start from config.example.json');
  return parseSettings(file, text);
}

function parseSettings(file: string, text: string): SettingsFile {
  const mistake = findJsonMistake(text);
  if (mistake !== undefined) {
    const { line, column, expected, found } = mistake;
    return problem(`${file}:${line}:${column}`, `not JSON: expected ${expected}, found ${found}`);
  }
  const values: unknown = JSON.parse(text);
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    return problem(file, 'expected an object: { "thingName": … }; start from config.example.json');
  }
  return { values: values as Record<string, unknown> };
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT') return 'no such file; copy config.example.json to it, or name another with --config FILE';
  if (code === 'EACCES')
    return 'the agent’s user may not read it; check the owner and mode of the file and its folders';
  if (code === 'EISDIR') return 'expected a file, this is a folder';
  return `cannot be read (${code})`;
}

function problem(where: string, what: string): SettingsFile {
  return { values: {}, problem: `${where}: ${what}` };
}
