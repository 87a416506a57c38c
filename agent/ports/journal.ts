/**
 * The agent's memory across restarts and power cuts: a durable map from an execution's id to what we know of it.
 * The last entry of an id wins.
 */
import type { JsonObject } from '../core/json.ts';

export interface JournalEntry {
  readonly id: string;
  /** A finished entry is kept only to recognise the execution again, and may be dropped when there are many. */
  readonly finished: boolean;
  readonly body: JsonObject;
}

export interface Journal {
  /** Random, made with the journal, and gone with it: proves to the cloud's answers which journal claimed a job. */
  readonly journalId: string;
  /**
   * Resolves once the entry is on the device. Calls are written in the order they are made.
   * @throws JournalError after which the journal takes nothing more: a failed sync is never tried again.
   */
  append(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

/** What was found on the disk when the journal was opened. */
export interface RecoveredJournal {
  /** `created`: there was none. `read`: here it is. `lost`: there was one and it could not be used; it was set aside. */
  readonly status: 'created' | 'read' | 'lost';
  /** In the order the ids were first seen. Empty unless `read`. */
  readonly entries: readonly JournalEntry[];
  /** For `lost`: why, and where the files were put. */
  readonly reason?: string;
}

export interface OpenedJournal {
  readonly journal: Journal;
  readonly recovered: RecoveredJournal;
}

/** Whose journal it is. A journal bound to another thing or endpoint is foreign, and treated as lost. */
export interface JournalBinding {
  readonly thingName: string;
  readonly endpoint: string;
}

export type JournalErrorCode =
  | 'JOURNAL_UNWRITABLE' // cannot be created, opened or written
  | 'JOURNAL_TOO_NEW' // written by a later version of the agent; left as it is
  | 'JOURNAL_LOCKED' // another agent has it open
  | 'JOURNAL_ENTRY_TOO_LARGE';

export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;
  constructor(code: JournalErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
