/**
 * Who is let in. A browser on this machine also runs other people's pages: a page must not reach this server under a name
 * of its own (DNS rebinding, hence the Host header), nor act with what the browser adds by itself (hence the token, which
 * no browser sends unasked, and the Origin header of writes).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ControlError } from '../jobs-service/control-error.ts';

export interface GuardOptions {
  readonly token: string;
  /** It listens beyond this machine, under names that it cannot know. */
  readonly isAnyHostAllowed: boolean;
}

/** @throws ControlError AccessDeniedException */
export function requireKnownHost({ headers }: IncomingMessage, options: GuardOptions): void {
  if (options.isAnyHostAllowed || isLoopbackHost(headers.host ?? '')) return;
  throw new ControlError('AccessDeniedException', 'The Host header does not name this machine');
}

/**
 * The token, and for what changes something the page it comes from.
 * @throws ControlError UnauthorizedException, AccessDeniedException
 */
export function requireOperator({ method = '', headers }: IncomingMessage, options: GuardOptions): void {
  const [, given = ''] = /^Bearer ([\w-]+)$/.exec(headers.authorization ?? '') ?? [];
  if (!isSame(given, options.token)) {
    throw new ControlError('UnauthorizedException', 'Authorization: Bearer with the token in console-token is needed');
  }
  const { origin, host } = headers;
  if (method === 'GET' || origin === undefined || origin === `http://${host}`) return;
  throw new ControlError('AccessDeniedException', 'The request comes from a page of another origin');
}

/** A Host header: a name or an address, and perhaps a port. */
function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}

/** Takes as long whatever the first difference. */
function isSame(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}
