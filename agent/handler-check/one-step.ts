import { parseJobDocument } from '../core/job-document.ts';
import type { JsonValue } from '../core/json.ts';

/** @returns the operation, or the file, of a job that has one step; nothing for another job, or for none. */
export function operationOf(document: JsonValue): string | undefined {
  const parsed = parseJobDocument(document);
  if (!parsed.ok || parsed.plan.steps.length !== 1) return undefined;
  const action = parsed.plan.steps[0]?.action;
  return action?.kind === 'operation' ? action.operation : action?.handler;
}
