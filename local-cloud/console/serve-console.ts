/** The files of the web console. They hold no secret: the token is in the address that `job-cloud` prints, behind the `#`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ControlError } from '../jobs-service/control-error.ts';

declare const __CONSOLE_FILES__: Readonly<Record<string, string>> | undefined;

/** By path: put in by `scripts/console-files.mjs` when job-cloud is built. */
const FILES = typeof __CONSOLE_FILES__ === 'undefined' ? {} : __CONSOLE_FILES__;

/** By the end of the path; a page without one is HTML. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/**
 * Job documents and statusDetails come from elsewhere. Nothing here makes markup of a text, and with this no browser would:
 * no script but ours, nothing from or to another host, no text as HTML (Trusted Types), no frame around it.
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** @throws ControlError when there is no such file, or something else than reading is asked for */
export function serveConsole({ method }: IncomingMessage, response: ServerResponse, path: string): void {
  const text = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (text === undefined || (method !== 'GET' && method !== 'HEAD')) {
    throw new ControlError('ResourceNotFoundException', `The console has no ${method} ${path}`);
  }
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    'content-type': CONTENT_TYPES[/\.\w+$/.exec(path)?.[0] ?? ''] ?? 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
