/** What is known of an application: one record, a JSON file, each, in a folder of the agent's own. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem, type HandlerFacts } from '../../agent/handler-api.ts';
import { SystemdError } from '../services/unit-state.ts';

export interface ApplicationRecord {
  readonly name: string;
  /** Absolute. */
  readonly workingDirectory: string;
  /** The program and its arguments; null for files only. */
  readonly command: readonly string[] | null;
  readonly user: string;
  /** All that jobs have put there, with absolute paths. */
  readonly files: readonly RecordedFile[];
  readonly installedBy: { readonly jobId: string; readonly executionNumber: number };
}

export interface RecordedFile {
  readonly path: string;
  readonly version?: string;
}

/** Why an application could not be put in place, started or stopped. */
export class ApplicationError extends Error {
  override readonly name = 'ApplicationError';
  readonly code: string;
  /** What the SDK's jobs agent calls it (examples/jobs-agent.js, "jobs agent error values"). */
  readonly sdkCode: string;
  constructor(code: string, sdkCode: string, message: string) {
    super(message);
    this.code = code;
    this.sdkCode = sdkCode;
  }
}

/** What the operator is told, and what the SDK's jobs agent would have said. @throws what nobody expected. */
export async function toFailure(error: unknown): Promise<Pick<ApplicationError, 'code' | 'sdkCode' | 'message'>> {
  if (error instanceof ApplicationError) return error;
  if (error instanceof SystemdError) {
    return { code: error.code, sdkCode: 'ERR_SYSTEM_CALL_FAILED', message: error.message };
  }
  const { code, syscall, path = '' } = error as NodeJS.ErrnoException;
  if (code === undefined || code.startsWith('ERR_')) throw error;
  const message = await fileProblem(error, path, syscall === 'mkdir' || syscall === 'access' ? 'folder' : 'put');
  return { code: 'FILE_NOT_WRITTEN', sdkCode: 'ERR_FILE_COPY_FAILED', message };
}

/** NAME_MAX of limits.h, less what is put before and behind while a file is replaced. */
const MAX_ESCAPED_LENGTH = 200;

/** What is wrong with a name, or nothing. */
export function nameProblem(name: string): string | undefined {
  const { length } = escapedName(name);
  if (length <= MAX_ESCAPED_LENGTH) return undefined;
  return `has too many characters other than a-z A-Z 0-9 : _ . -: as the name of a unit it would have ${length}`;
}

/** The escapes of systemd.unit(5), "String escaping for inclusion in unit names", but `-` stays: two names never meet. */
export function escapedName(name: string): string {
  return [...Buffer.from(name, 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9:_.-]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** The prefix keeps it from ever being a unit of somebody else's. */
export function unitNameOf(name: string): string {
  return `iot-application-${escapedName(name)}.service`;
}

export function recordPath({ applicationRecordsDir }: HandlerFacts, name: string): string {
  return join(applicationRecordsDir, `${escapedName(name)}.json`);
}

/** @throws ApplicationError for one that cannot be read. */
export async function readRecord(facts: HandlerFacts, name: string): Promise<ApplicationRecord | undefined> {
  return readRecordFile(recordPath(facts, name));
}

async function readRecordFile(path: string): Promise<ApplicationRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ApplicationRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const problem = error instanceof SyntaxError ? `${path} is damaged` : await fileProblem(error, path, 'read');
    throw new ApplicationError('APPLICATION_RECORD_UNREADABLE', 'ERR_SYSTEM_CALL_FAILED', problem);
  }
}

/** In the order of their names. */
export async function readRecords(facts: HandlerFacts): Promise<readonly ApplicationRecord[]> {
  const names = await readdir(facts.applicationRecordsDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
  const records = await Promise.all(files.map((file) => readRecordFile(join(facts.applicationRecordsDir, file))));
  return records.filter((record) => record !== undefined);
}
