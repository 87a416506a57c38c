import { fileProblem } from '../../agent/handler-api.ts';

/** Why an archive could not be unpacked. Operators search for these. */
export type ArchiveErrorCode =
  | 'ARCHIVE_UNREADABLE' // not there, no permission, no plain file
  | 'ARCHIVE_BROKEN' // no tar, cut short, or damaged
  | 'ARCHIVE_REFUSED' // an entry that could do harm, or that we do not unpack
  | 'ARCHIVE_TOO_LARGE' // bytes or entries over the limits, or memory that it takes
  | 'ARCHIVE_PROGRAM_MISSING' // what it is compressed by
  | 'ARCHIVE_NO_SPACE'
  | 'UNPACK_NOT_WRITTEN' // the folder is missing, no permission, the disk is broken
  | 'UNPACK_STOPPED'; // cancelled, over its time limit, or the agent shuts down

export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly code: ArchiveErrorCode;
  constructor(code: ArchiveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function broken(message: string): ArchiveError {
  return new ArchiveError('ARCHIVE_BROKEN', message);
}

/** @param name of the entry, as the archive has it. */
export function refused(name: string, what: string): ArchiveError {
  return new ArchiveError('ARCHIVE_REFUSED', `the entry ${JSON.stringify(name.slice(0, 200))} ${what}`);
}

/** Errors of the system and of zlib under our codes. @param path of the folder that was to be written. */
export async function toArchiveError(error: unknown, path: string): Promise<ArchiveError> {
  if (error instanceof ArchiveError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (/^Z_/.test(code)) return new ArchiveError('ARCHIVE_BROKEN', `gzip: ${message}`, { cause: error });
  const ours = code === 'ENOSPC' || code === 'EDQUOT' ? 'ARCHIVE_NO_SPACE' : 'UNPACK_NOT_WRITTEN';
  return new ArchiveError(ours, await fileProblem(error, path, 'put'), { cause: error });
}
