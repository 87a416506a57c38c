/**
 * An error of the agent's own that nobody expected, as a fact in the journal: the next start says what ended the one
 * before, in its log and to the operator of a job that was interrupted by it.
 */
import { isJsonObject } from '../core/json.ts';
import { redactSecrets } from '../core/redact.ts';
import type { JournalEntry } from '../ports/journal.ts';

export interface AgentFault {
  readonly message: string;
  /** Milliseconds since the epoch by this gateway's clock. */
  readonly atMs: number;
  /** A start after it has told of it. */
  readonly isTold: boolean;
}

/** No execution has it: theirs end in two numbers. */
const FAULT_ID = 'agent-fault';
const MAX_MESSAGE_LENGTH = 500;

export function faultEntry({ message, atMs, isTold }: AgentFault): JournalEntry {
  const shown = redactSecrets(message).slice(0, MAX_MESSAGE_LENGTH);
  return { id: FAULT_ID, finished: isTold, body: { v: 1, kind: FAULT_ID, message: shown, atMs, isTold } };
}

/** The entries of executions, and the fault if one was kept. */
export function separateFault(entries: readonly JournalEntry[]): {
  readonly executions: readonly JournalEntry[];
  readonly fault: AgentFault | null;
} {
  const found = entries.find(({ id }) => id === FAULT_ID);
  return { executions: entries.filter(({ id }) => id !== FAULT_ID), fault: found === undefined ? null : parse(found) };
}

function parse({ body }: JournalEntry): AgentFault | null {
  if (!isJsonObject(body)) return null;
  const { message, atMs, isTold } = body;
  if (typeof message !== 'string' || typeof atMs !== 'number') return null;
  return { message, atMs, isTold: isTold === true };
}
