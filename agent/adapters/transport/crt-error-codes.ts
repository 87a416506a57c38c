// What the error names of the AWS Common Runtime mean. It hands them over as an error with a name, or as a sentence with
// the name in it.

import { TransportError, type TransportErrorCode } from '../../ports/transport.ts';

/** Before CONNACK (the server's certificate is checked already), or on an open connection. */
export type CrtPhase = 'opening' | 'open';

export function crtErrorOf(cause: unknown, phase: CrtPhase): TransportError {
  const name = nameOf(cause);
  const [code, text] = (phase === 'open' ? MEANINGS_OPEN[name] : MEANINGS_OPENING[name]) ?? DEFAULT_MEANING[phase];
  return new TransportError(code, `${text} (aws-crt: ${name === '' ? String(cause) : name})`, { cause });
}

/** What waits on a clean session is cancelled so when its connection is lost; why it is lost is said later. */
export function isCancelledByLoss(cause: unknown): boolean {
  return nameOf(cause) === 'AWS_ERROR_MQTT_CANCELLED_FOR_CLEAN_SESSION';
}

type Meaning = readonly [TransportErrorCode, string];

function nameOf(cause: unknown): string {
  const named = (cause as { error_name?: unknown } | null)?.error_name;
  return typeof named === 'string' ? named : (/\bAWS_[A-Z0-9_]+/.exec(String(cause))?.[0] ?? '');
}

const NO_ADDRESS: Meaning = ['NAME_NOT_RESOLVED', 'the host name has no address: does DNS work here?'];
const NO_ROUTE: Meaning = ['CONNECT_REFUSED', 'nothing listens there, or the network does not lead there'];
const NO_ANSWER: Meaning = ['CONNECT_TIMEOUT', 'the broker did not answer in time'];
const HUNG_UP: Meaning = [
  'TLS_CLIENT_REFUSED',
  'the broker hung up before CONNACK: is our certificate registered and active, and may it connect with this client id?',
];
const OWN_FILES: Meaning = [
  'TLS_FAILED',
  'our certificate, private key or CA cannot be used, or do not belong together',
];

const DEFAULT_MEANING: Readonly<Record<CrtPhase, Meaning>> = {
  opening: ['TLS_FAILED', 'the connection failed'],
  open: ['CLOSED_BY_BROKER', 'the connection was lost: network, forbidden topic, or another client with our client id'],
};

const MEANINGS_OPENING: Readonly<Record<string, Meaning>> = {
  AWS_IO_DNS_INVALID_NAME: NO_ADDRESS,
  AWS_IO_DNS_QUERY_FAILED: NO_ADDRESS,
  AWS_IO_DNS_QUERY_AGAIN: NO_ADDRESS,
  AWS_IO_DNS_NO_ADDRESS_FOR_HOST: NO_ADDRESS,
  AWS_IO_SOCKET_CONNECTION_REFUSED: NO_ROUTE,
  AWS_IO_SOCKET_NO_ROUTE_TO_HOST: NO_ROUTE,
  AWS_IO_SOCKET_NETWORK_DOWN: NO_ROUTE,
  AWS_IO_SOCKET_CONNECT_ABORTED: NO_ROUTE,
  AWS_IO_SOCKET_TIMEOUT: NO_ANSWER,
  AWS_IO_TLS_NEGOTIATION_TIMEOUT: NO_ANSWER,
  AWS_ERROR_MQTT_TIMEOUT: NO_ANSWER,
  AWS_IO_SOCKET_CLOSED: HUNG_UP,
  AWS_IO_TLS_CLOSED_ABORT: HUNG_UP,
  AWS_IO_TLS_CLOSED_GRACEFUL: HUNG_UP,
  AWS_IO_TLS_ALERT_NOT_GRACEFUL: HUNG_UP,
  AWS_IO_TLS_ERROR_ALERT_RECEIVED: HUNG_UP,
  AWS_IO_TLS_ERROR_READ_FAILURE: HUNG_UP, // an alert after the handshake, as TLS 1.3 servers send it
  AWS_IO_TLS_ERROR_WRITE_FAILURE: HUNG_UP,
  AWS_ERROR_MQTT_UNEXPECTED_HANGUP: HUNG_UP,
  AWS_ERROR_MQTT_CONNECTION_SHUTDOWN: HUNG_UP,
  // A CONNACK other than 0: the library does not hand the code over.
  AWS_ERROR_MQTT_PROTOCOL_ERROR: [
    'MQTT_REFUSED',
    'the broker refused the MQTT connection: may this client id connect?',
  ],
  AWS_IO_TLS_CTX_ERROR: OWN_FILES,
  AWS_ERROR_INVALID_ARGUMENT: OWN_FILES,
};

const MEANINGS_OPEN: Readonly<Record<string, Meaning>> = {
  AWS_ERROR_MQTT_TIMEOUT: ['KEEP_ALIVE_TIMEOUT', 'the broker did not answer a ping: the link is gone'],
  AWS_ERROR_MQTT_PROTOCOL_ERROR: ['PROTOCOL_ERROR', 'the broker sent what is not MQTT 3.1.1'],
  AWS_ERROR_MQTT_INVALID_PACKET_TYPE: ['PROTOCOL_ERROR', 'the broker sent what is not MQTT 3.1.1'],
  AWS_ERROR_MQTT_INVALID_REMAINING_LENGTH: ['PROTOCOL_ERROR', 'the broker sent what is not MQTT 3.1.1'],
  AWS_ERROR_MQTT_INVALID_RESERVED_BITS: ['PROTOCOL_ERROR', 'the broker sent what is not MQTT 3.1.1'],
  AWS_ERROR_MQTT_INVALID_TOPIC: ['PROTOCOL_ERROR', 'the topic is not one that MQTT allows'],
};
