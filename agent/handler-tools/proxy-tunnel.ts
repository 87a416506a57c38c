/** A connection to a server through an HTTP proxy: `CONNECT`, RFC 9110, section 9.3.6. What passes is TLS of both ends. */
import { type IncomingMessage, request, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { withoutBrackets } from './allowed-address.ts';

export interface ProxySettings {
  /** `http://[user:password@]host:port`; empty for none. A secret, if it has a password. */
  readonly httpsProxy: string;
  /** Hosts that are reached without it, each with every name below it. */
  readonly noProxy: readonly string[];
}

export interface TunnelOptions {
  readonly signal: AbortSignal;
  /** Longest time without an answer. */
  readonly stallMs: number;
}

/** The proxy could not be reached, or said no. Its message names the proxy without user and password. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  /** Whether it may be otherwise in a moment. */
  readonly isPassing: boolean;
  constructor(message: string, { isPassing, cause }: { readonly isPassing: boolean; readonly cause?: unknown }) {
    super(message, { cause });
    this.isPassing = isPassing;
  }
}

/** 502 to 504 tell of the server behind it; 429 of too many. 407 asks who we are, 403 and others are a rule. */
const PASSING_STATUSES = new Set([429, 502, 503, 504]);
const DEFAULT_PROXY_PORT = 80;
const DEFAULT_HTTPS_PORT = 443;

/** The proxy for a host of a URL, or nothing where it is reached directly. */
export function proxyFor(hostname: string, { httpsProxy, noProxy }: ProxySettings): URL | undefined {
  if (httpsProxy === '') return undefined;
  const host = withoutBrackets(hostname).toLowerCase().replace(/\.$/, '');
  const isLeftOut = noProxy.some((entry) => {
    const name = entry.toLowerCase().replace(/^\./, '');
    return host === name || host.endsWith(`.${name}`);
  });
  return isLeftOut ? undefined : new URL(httpsProxy);
}

/** @param url of the server, `https:`. @returns an open tunnel to it. @throws ProxyError, or the reason of the signal. */
export function openTunnel(proxy: URL, url: URL, { signal, stallMs }: TunnelOptions): Promise<Socket> {
  const target = `${url.hostname}:${url.port || DEFAULT_HTTPS_PORT}`;
  const shown = `the proxy ${proxy.hostname}:${proxy.port || DEFAULT_PROXY_PORT}`;
  return new Promise((resolve, reject) => {
    const connect = request({
      method: 'CONNECT',
      host: withoutBrackets(proxy.hostname),
      port: proxy.port || DEFAULT_PROXY_PORT,
      path: target,
      headers: { host: target, 'user-agent': 'iot-job-agent', ...authorization(proxy) },
      agent: false,
      timeout: stallMs,
      signal,
    });
    const fail = (message: string, options: { readonly isPassing: boolean; readonly cause?: unknown }) => {
      connect.destroy();
      reject(signal.aborted ? (signal.reason as Error) : new ProxyError(`${shown} ${message}`, options));
    };
    connect.on('connect', (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        fail(refusal(response, target), { isPassing: PASSING_STATUSES.has(response.statusCode ?? 0) });
        return;
      }
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket as Socket);
    });
    // It took CONNECT for another method, or is no proxy.
    connect.on('response', (response) => fail(refusal(response, target), { isPassing: false }));
    connect.on('timeout', () => fail(`said nothing for ${stallMs / 1000} s`, { isPassing: true }));
    connect.on('error', (cause) => fail(`cannot be used: ${cause.message || 'no answer'}`, { isPassing: true, cause }));
    connect.end();
  });
}

function authorization({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`; // RFC 7617
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function refusal({ statusCode = 0 }: IncomingMessage, target: string): string {
  const words = [statusCode, STATUS_CODES[statusCode]].filter((word) => word !== undefined).join(' ');
  const why = statusCode === 407 ? ': httpsProxy has no user and password, or wrong ones' : '';
  return `answered ${words} when it was asked for ${target}${why}`;
}
