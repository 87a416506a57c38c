// One TCP and mutual TLS connection to the broker, checked as AWS IoT asks for: TLS 1.2 or later, our CA and no other,
// a host name found in the server's subject alternative names.

import { isIP, type LookupFunction } from 'node:net';
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { TransportError, TransportOptions } from '../../ports/transport.ts';
import {
  type ConnectionFacts,
  type ConnectionPhase,
  connectTimeoutError,
  hangUpErrorOf,
  transportErrorOf,
} from './error-codes.ts';
import { createHostLookup } from './host-lookup.ts';

export interface TlsLink {
  /** Connecting or connected. The caller listens to `error`, and to `close` for the end. */
  readonly socket: TLSSocket;
  /** The broker has said CONNACK: from here on errors mean a lost connection. */
  greeted(): void;
  /** What an error of the socket means, now. */
  explain(error: unknown): TransportError;
  explainHangUp(): TransportError;
  explainTimeout(): TransportError;
}

/** One for all connections of the process: see `createHostLookup`. */
const systemLookup = createHostLookup();

/** Starts to connect. @throws TransportError TLS_FAILED where certificate, key or CA cannot be used. */
export function openTlsLink(options: TransportOptions, lookup: LookupFunction = systemLookup): TlsLink {
  const { host, port } = options;
  let phase: ConnectionPhase = isIP(host) === 0 ? 'resolving' : 'connecting';
  let serverCertificate: ConnectionFacts['serverCertificate'];
  const facts = (): ConnectionFacts => ({ host, port, phase, serverCertificate });
  const socket = startTls(options, lookup, facts());
  socket.on('lookup', (error) => {
    if (!error) phase = 'connecting';
  });
  socket.once('connect', () => {
    phase = 'handshaking';
    // Jobs messages are small and every one is waited for: with Nagle's algorithm a round trip takes 40 ms or more.
    socket.setNoDelay(true);
  });
  // `secure` comes before Node judges the certificate; afterwards a refused one cannot be read any more.
  socket.prependOnceListener('secure', () => {
    const { valid_from, valid_to } = socket.getPeerCertificate();
    if (valid_from !== undefined) serverCertificate = { validFrom: valid_from, validTo: valid_to };
  });
  socket.once('secureConnect', () => {
    phase = 'greeting';
  });
  return {
    socket,
    greeted: () => {
      phase = 'open';
    },
    explain: (error) => transportErrorOf(error, facts()),
    explainHangUp: () => hangUpErrorOf(facts()),
    explainTimeout: () => connectTimeoutError(facts(), options.connectTimeoutMs),
  };
}

function startTls(options: TransportOptions, lookup: LookupFunction, facts: ConnectionFacts): TLSSocket {
  const connectOptions = {
    host: options.host,
    port: options.port,
    cert: options.certPem,
    key: options.keyPem,
    // A list is never falsy: with an empty string Node would fall back on the system's CAs.
    ca: [options.caPem],
    minVersion: 'TLSv1.2' as const,
    rejectUnauthorized: true,
    checkServerIdentity: checkAlternativeNames,
    // RFC 6066 allows host names only in the server name indication.
    ...(isIP(options.host) === 0 ? { servername: options.host } : {}),
    lookup,
    // All addresses, one after the other, IPv6 and IPv4 in turn.
    autoSelectFamily: true,
    // Node gives each address but the last 250 ms, too short for a satellite or a busy cellular link.
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(options.connectTimeoutMs / 4)),
  };
  try {
    return connect(connectOptions);
  } catch (error) {
    throw transportErrorOf(error, { ...facts, phase: 'handshaking' });
  }
}

/** As Node's own check, but a common name alone is no name (RFC 9525): Node would still take it. */
function checkAlternativeNames(host: string, certificate: PeerCertificate): Error | undefined {
  return checkServerIdentity(host, { ...certificate, subject: { ...certificate.subject, CN: '' } });
}
