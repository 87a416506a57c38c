/** The gate every log line passes (invariants I8 bounded and I9 quiet). */
import { redactSecrets } from '../core/redact.ts';

/** Longest text in a line, in UTF-16 code units. */
export const MAX_TEXT_LENGTH = 1024;
/** journald splits lines at 48 KiB by default (journald.conf(5), LineMax=); ours stay whole. */
export const MAX_LINE_LENGTH = 16 * 1024;
const MAX_DEPTH = 8;

/** Fields that are never written, wherever they stand. */
const SECRET_FIELDS = new Set(
  'keyPem privateKey password passphrase authorization secretAccessKey sessionToken token env jobDocument document'
    .toLowerCase()
    .split(' '),
);

/** Fields that survive when a line is too long. */
const KEPT_FIELDS = ['level', 'time', 'jobId', 'executionNumber', 'operation', 'msg'];

/** @param line one JSON object. @returns it with a line end, without secrets and no longer than the limits allow. */
export function safeLine(line: string): string {
  const fields = safeFields(line);
  const text = JSON.stringify(fields);
  if (text.length <= MAX_LINE_LENGTH) return `${text}\n`;
  const kept = KEPT_FIELDS.filter((name) => name in fields).map((name) => [name, fields[name]]);
  return `${JSON.stringify({ ...Object.fromEntries(kept), droppedLength: text.length })}\n`;
}

function safeFields(line: string): Record<string, unknown> {
  try {
    return safeMembers(JSON.parse(line) as object, 0);
  } catch {
    // Logging must not be what stops the agent; and what cannot be read cannot be redacted either.
    return { level: 'error', msg: 'a log line was not JSON and is dropped', droppedLength: line.length };
  }
}

function safeMembers(object: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      safeText(name),
      SECRET_FIELDS.has(name.toLowerCase()) ? '[redacted]' : safeValue(value, depth),
    ]),
  );
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return safeText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.map((entry) => safeValue(entry, depth + 1));
  return safeMembers(value, depth + 1);
}

/** Redacts before it cuts: a cut could leave half a secret that no pattern knows. */
function safeText(text: string): string {
  const redacted = redactSecrets(text);
  return redacted.length <= MAX_TEXT_LENGTH ? redacted : `${redacted.slice(0, MAX_TEXT_LENGTH - 1)}…`;
}
