// What Node's system, TLS and certificate errors mean for the one who has to fix it. The same error means different
// things at different moments, so the moment is part of the question.

import { TransportError, type TransportErrorCode } from '../../ports/transport.ts';

/** What a connection is waiting for: an address, TCP, TLS, CONNACK; or it is open. */
export type ConnectionPhase = 'resolving' | 'connecting' | 'handshaking' | 'greeting' | 'open';

export interface ConnectionFacts {
  readonly host: string;
  readonly port: number;
  readonly phase: ConnectionPhase;
  /** As the server's certificate has it, where one was seen. */
  readonly serverCertificate?: { readonly validFrom: string; readonly validTo: string } | undefined;
}

interface Meaning {
  readonly code: TransportErrorCode;
  readonly explain: (facts: ConnectionFacts) => string;
}

/** Never fails: an error nobody thought of is TLS_FAILED, CONNECT_REFUSED or CLOSED_BY_BROKER by its moment. */
export function transportErrorOf(cause: unknown, facts: ConnectionFacts): TransportError {
  const { code, message } = cause as { code?: unknown; message?: unknown };
  const name = typeof code === 'string' ? code : '';
  const meaning = (facts.phase === 'open' ? undefined : meaningOf(name)) ?? MEANING_OF_PHASE[facts.phase];
  const text = `${facts.host}:${facts.port}: ${meaning.explain(facts)}`;
  const detail = addressesTried(cause) || name || (typeof message === 'string' ? message : '');
  return new TransportError(meaning.code, detail === '' ? text : `${text} (${detail})`, { cause });
}

/** The connection ended and no error was given: what that says depends on the moment. */
export function hangUpErrorOf(facts: ConnectionFacts): TransportError {
  const { code, explain } = MEANING_OF_PHASE[facts.phase];
  return new TransportError(code, `${facts.host}:${facts.port}: ${explain(facts)}`);
}

export function connectTimeoutError(facts: ConnectionFacts, connectTimeoutMs: number): TransportError {
  const awaited = {
    resolving: 'no name server answered: is the network up, and does DNS work here?',
    connecting: 'no answer to the TCP connection: is the network up, and may this port leave it?',
    handshaking: 'the TLS handshake did not end: is this an MQTT port with TLS?',
    greeting: 'the broker did not answer CONNECT',
    open: 'the broker did not answer',
  }[facts.phase];
  const text = `${facts.host}:${facts.port}: not connected after ${connectTimeoutMs} ms, ${awaited}`;
  return new TransportError(facts.phase === 'resolving' ? 'NAME_NOT_RESOLVED' : 'CONNECT_TIMEOUT', text);
}

/** CONNACK return codes, MQTT 3.1.1 table 3.1. */
export function connackError(returnCode: number, clientId: string): TransportError {
  const why = CONNACK_REASONS[returnCode] ?? 'with a code that MQTT 3.1.1 does not know';
  const code = returnCode === 4 || returnCode === 5 ? 'MQTT_NOT_AUTHORIZED' : 'MQTT_REFUSED';
  return new TransportError(code, `the broker refused client id "${clientId}": ${why} (CONNACK ${returnCode})`);
}

export function subscribeRefusedError(filters: readonly string[]): TransportError {
  const text = `the broker refused to subscribe to ${filters.join(', ')}: does the policy allow it?`;
  return new TransportError('SUBSCRIBE_REFUSED', text);
}

export function keepAliveError(keepAliveSeconds: number): TransportError {
  const text = `the broker did not answer a ping (keep-alive ${keepAliveSeconds} s): the link is gone`;
  return new TransportError('KEEP_ALIVE_TIMEOUT', text);
}

export function closedByUsError(): TransportError {
  return new TransportError('CLOSED_BY_US', 'the agent closed the connection');
}

const CONNACK_REASONS: Readonly<Record<number, string>> = {
  1: 'it does not speak MQTT 3.1.1',
  2: 'it does not accept this client id',
  3: 'it is unavailable',
  4: 'bad user name or password',
  5: 'not authorized; does the policy allow iot:Connect for it?',
};

const NOT_RESOLVED = meaning(
  'NAME_NOT_RESOLVED',
  'the host name has no address: is it spelled right, and does DNS work here?',
);
const NO_NAME_SERVER = meaning(
  'NAME_NOT_RESOLVED',
  'no name server gave an answer about the host name: is the network up, and does DNS work here?',
);

const MEANING_OF_PHASE: Readonly<Record<ConnectionPhase, Meaning>> = {
  resolving: NOT_RESOLVED,
  connecting: { code: 'CONNECT_REFUSED', explain: () => 'the TCP connection failed' },
  handshaking: {
    code: 'TLS_FAILED',
    explain: () => 'the TLS handshake failed: is this an MQTT port with TLS, and does the broker know our certificate?',
  },
  // Servers that judge a TLS 1.3 client certificate do it after the client's handshake ended. AWS IoT hangs up here for
  // an unknown or inactive certificate and for a policy without iot:Connect.
  greeting: {
    code: 'TLS_CLIENT_REFUSED',
    explain: () =>
      'the broker hung up before CONNACK: is our certificate registered and active, and may it connect with this client id?',
  },
  open: {
    code: 'CLOSED_BY_BROKER',
    explain: () =>
      'the broker closed the connection: lost network, forbidden topic, or another client with our client id',
  },
};

/** Names from Node's `errors` page, getaddrinfo(3), connect(2) and OpenSSL's `openssl-verification-options(1)`. */
function meaningOf(name: string): Meaning | undefined {
  if (CLIENT_REFUSED.test(name)) return meaning('TLS_CLIENT_REFUSED', 'the broker refused our certificate');
  if (name === 'EAI_AGAIN') return NO_NAME_SERVER;
  if (DNS_ERROR.test(name)) return NOT_RESOLVED;
  if (NOT_TLS.test(name)) return meaning('TLS_FAILED', 'the other end does not speak TLS: is this the MQTT TLS port?');
  if (OWN_FILES.test(name)) {
    return meaning('TLS_FAILED', 'our certificate, private key or CA cannot be used, or do not belong together');
  }
  return MEANINGS[name];
}

const CLIENT_REFUSED =
  /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)/;
const DNS_ERROR = /^(ENOTFOUND|ENODATA|EAI_)/;
const NOT_TLS = /^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/;
const OWN_FILES = /^(ERR_OSSL_|ERR_TLS_INVALID_CONTEXT|ERR_INVALID_ARG_)/;

const REFUSED = meaning('CONNECT_REFUSED', 'nothing listens there, or the network does not lead there');
const UNTRUSTED = meaning(
  'TLS_SERVER_UNTRUSTED',
  "the server's certificate is not signed by our CA: is it the right CA?",
);

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: REFUSED,
  EHOSTUNREACH: REFUSED,
  EHOSTDOWN: REFUSED,
  ENETUNREACH: REFUSED,
  ENETDOWN: REFUSED,
  EADDRNOTAVAIL: REFUSED,
  EACCES: REFUSED,
  EPERM: REFUSED,
  ETIMEDOUT: meaning(
    'CONNECT_TIMEOUT',
    'no answer to the TCP connection: is the network up, and may this port leave it?',
  ),
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_CHAIN_TOO_LONG: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_REJECTED: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  INVALID_PURPOSE: UNTRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'TLS_SERVER_NAME_MISMATCH',
    explain: ({ host }) => `the server's certificate does not name ${host} in its subject alternative names`,
  },
  CERT_HAS_EXPIRED: { code: 'TLS_SERVER_EXPIRED', explain: explainValidity },
  CERT_NOT_YET_VALID: { code: 'TLS_SERVER_NOT_YET_VALID', explain: explainValidity },
};

function meaning(code: TransportErrorCode, text: string): Meaning {
  return { code, explain: () => text };
}

/** Only a gateway whose clock is right may judge dates, and boards without a battery start years in the past. */
function explainValidity({ serverCertificate }: ConnectionFacts): string {
  const now = new Date();
  return (
    `${invalidNow(serverCertificate, now)}; this gateway's clock says ${now.toISOString()}, which is probably wrong: ` +
    'the agent waits for the clock to be set, and never connects unchecked'
  );
}

function invalidNow(certificate: ConnectionFacts['serverCertificate'], now: Date): string {
  if (certificate === undefined) return "the server's certificate is not valid now";
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (from <= now && now <= to) return "a certificate that the server's stands on, or our CA, is not valid now";
  return `the server's certificate is valid from ${from.toISOString()} to ${to.toISOString()}`;
}

/** Node.js gives one error for each address that it tried, where there was more than one. */
function addressesTried(cause: unknown): string {
  const { errors } = cause as { errors?: unknown };
  if (!Array.isArray(errors)) return '';
  return errors
    .map(({ address, code }: NodeJS.ErrnoException & { address?: string }) => `${address} ${code}`)
    .join(', ');
}
