/** What a handler returned was seen by no compiler where it is JavaScript. */
import type { HandlerResult } from '../handler-api.ts';
import type { HandlerPart } from './handler-part.ts';

export function isHandlerResult(value: unknown): value is HandlerResult {
  return typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string';
}

export function noResultReason(part: HandlerPart): string {
  return `${part} returned no result: expected { kind: 'succeeded' } or another that the handler API has`;
}
