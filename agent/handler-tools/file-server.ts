/** How a handler reaches a file server: which it may, whom it trusts to vouch for it, and through what. */
import type { RequestOptions } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { addressRefused, hostProblem, lookupAllowed, nameProblem, withoutBrackets } from './allowed-address.ts';
import { trustedAuthorities, urlProblem } from './file-server-url.ts';
import { openTunnel, type ProxySettings, proxyFor, type TunnelOptions } from './proxy-tunnel.ts';

/** What the operator's settings say of file servers. */
export interface FileServerFacts extends ProxySettings {
  /** Hosts that `http://` is allowed to; everywhere else only `https://` is. */
  readonly insecureDownloadHosts: readonly string[];
  /** Hosts that may be this machine itself or have a link-local address. */
  readonly localDownloadHosts: readonly string[];
  /** Certificates, PEM, of authorities that are trusted besides the public ones; empty when there are none. */
  readonly downloadCaPem: string;
}

/** What Node.js 20 has by default. With the 64 KiB of later ones a gigabyte takes 10 MiB more memory, and as long. */
const SOCKET_BUFFER_BYTES = 16 * 1024;

/** What is wrong with where a file would come from or go to, as far as the URL tells, or nothing. */
export function fileServerProblem(url: string, facts: FileServerFacts): string | undefined {
  const problem = urlProblem(url, facts.insecureDownloadHosts);
  if (problem !== undefined) return problem;
  const { hostname } = new URL(url);
  const address = placeProblem(new URL(url), facts);
  return address === undefined ? undefined : `leads to ${hostname}, ${address}`;
}

/**
 * For a request to that URL. Without a proxy the address that a name leads to is checked when it is connected to; behind
 * one, which finds out the address itself, the name is.
 * @throws AddressRefusedError, ProxyError
 */
export async function fileServerOptions(
  url: URL,
  facts: FileServerFacts,
  tunnel: TunnelOptions,
): Promise<RequestOptions> {
  checkFileServerPlace(url, facts);
  const { signal, stallMs: timeout } = tunnel;
  const common = { signal, timeout };
  const highWaterMark = { highWaterMark: SOCKET_BUFFER_BYTES };
  const proxy = proxyOf(url, facts);
  if (proxy === undefined) {
    const lookup = lookupAllowed(isListed(url.hostname, facts));
    return { ...common, ...highWaterMark, ...trustedAuthorities(facts.downloadCaPem), agent: false, lookup };
  }
  const socket = await openTunnel(proxy, url, tunnel);
  return {
    ...common,
    createConnection: () => tlsOver(socket, url, { ...highWaterMark, ...trustedAuthorities(facts.downloadCaPem) }),
  };
}

function tlsOver(
  socket: Socket,
  url: URL,
  options: { readonly ca?: string[]; readonly highWaterMark: number },
): Socket {
  const host = withoutBrackets(url.hostname);
  // An address is no server name (RFC 6066, section 3); the certificate is checked against `host` then.
  return connectTls({ ...options, socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) });
}

/** As far as the URL tells, whatever its scheme. @throws AddressRefusedError */
export function checkFileServerPlace(url: URL, facts: FileServerFacts): void {
  const problem = placeProblem(url, facts);
  if (problem !== undefined) throw addressRefused(url.hostname, problem);
}

function placeProblem(url: URL, facts: FileServerFacts): string | undefined {
  const listed = isListed(url.hostname, facts);
  return proxyOf(url, facts) === undefined ? hostProblem(url.hostname, listed) : nameProblem(url.hostname, listed);
}

/** `http:` goes to hosts of the operator's own; those that are this machine's are not behind a proxy either. */
function proxyOf({ hostname, protocol }: URL, facts: FileServerFacts): URL | undefined {
  return protocol === 'https:' && !isListed(hostname, facts) ? proxyFor(hostname, facts) : undefined;
}

function isListed(hostname: string, { insecureDownloadHosts, localDownloadHosts }: FileServerFacts): boolean {
  return [...localDownloadHosts, ...insecureDownloadHosts].some((host) => host.toLowerCase() === hostname);
}
