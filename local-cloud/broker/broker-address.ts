/** Where a broker is that already exists, as `--broker` and the options beside it say. */

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Undefined for plain TCP. */
  readonly tls: BrokerTlsFiles | undefined;
}

/** Paths of PEM files. */
export interface BrokerTlsFiles {
  /** The CAs of the system unless given. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

/** What came is not repeated: a password may be anywhere in it. */
const NO_URL = '--broker: a URL like mqtt://broker.example:1883 or mqtts://broker.example:8883 was expected';

/** @throws Error with what is wrong, in which no password is. */
export function parseBrokerAddress(text: string, files: BrokerTlsFiles): BrokerAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(NO_URL);
  }
  const { protocol, hostname, port, username, password } = url;
  const defaultPort = DEFAULT_PORTS[protocol];
  if (defaultPort === undefined) throw new Error(NO_URL);
  if (hostname === '') throw new Error('--broker: a host name is needed');
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new Error('--broker: nothing may follow host and port');
  }
  const { caFile, certFile, keyFile } = files;
  if (protocol === 'mqtt:' && (caFile ?? certFile ?? keyFile) !== undefined) {
    throw new Error('--broker-ca, --broker-cert and --broker-key need a --broker that begins with mqtts:');
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new Error('--broker-cert and --broker-key need each other');
  }
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? defaultPort : Number(port),
    username: username === '' ? undefined : decode(username),
    password: password === '' ? undefined : decode(password),
    tls: protocol === 'mqtts:' ? files : undefined,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('--broker: user and password must be percent-encoded');
  }
}
