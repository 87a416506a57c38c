/**
 * What stays between starts: the CA, each thing's identity with a configuration its agent can start from, and the key pair
 * of the operator. Whatever is there is used again; whatever is missing is made.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Identity } from './certificates.ts';
import { certificateFingerprint, createAuthority, isIssuedBy, issueClientCertificate } from './certificates.ts';
import type { KeyPair } from './key-pairs.ts';
import { parseKeyPairs } from './key-pairs.ts';

const CA_NAME = 'job-cloud local CA';
const PRIVATE_FILE = 0o600;
const PUBLIC_FILE = 0o644;
const PRIVATE_FOLDER = 0o700;
/** The defaults of the agent, `systemctl reboot` and `poweroff`, would end the computer of whoever tries a job here. */
const REFUSE_RESTART = refuse('restart this computer; set rebootCommand in its config.json to try restarts');
const REFUSE_POWER_OFF = refuse('power this computer off; set shutdownCommand in its config.json to try that');

function refuse(what: string): readonly string[] {
  return ['sh', '-c', `echo 'a gateway of the local cloud does not ${what}' >&2; exit 1`];
}

export interface OperatorCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface DataFolder {
  readonly authority: Identity;
  /** Absolute. */
  readonly caPath: string;
  /** An AWS shared-credentials file. Absolute. */
  readonly credentialsPath: string;
  /** Of its `[default]` profile, or of its first one. */
  readonly credentials: OperatorCredentials;
  /** Of all its profiles. */
  readonly keyPairs: readonly KeyPair[];
}

export interface ThingFolder {
  /** Absolute path of the agent's configuration. */
  readonly configPath: string;
  readonly fingerprint: string;
  readonly certificatePem: string;
}

export async function openDataFolder(dataDir: string): Promise<DataFolder> {
  const folder = resolve(dataDir);
  await mkdir(join(folder, 'things'), { recursive: true, mode: PRIVATE_FOLDER });
  const caPath = join(folder, 'ca.pem');
  const credentialsPath = join(folder, 'credentials');
  const keyPairs = await keepKeyPairs(credentialsPath);
  const credentials = keyPairs.find(({ profile }) => profile === 'default') ?? keyPairs[0];
  if (!credentials) throw new Error(`${credentialsPath} has no key pair`);
  const { accessKeyId, secretAccessKey } = credentials;
  return {
    caPath,
    credentialsPath,
    credentials: { accessKeyId, secretAccessKey },
    keyPairs,
    authority: await keepIdentity(
      { certPath: caPath, keyPath: join(folder, 'ca.key') },
      { isUsable: (identity) => isIssuedBy(identity, identity.certPem), make: () => createAuthority(CA_NAME) },
    ),
  };
}

/** The thing's folder with its certificate; its `config.json` names the port the broker has this time. */
export async function openThingFolder(
  dataDir: string,
  thing: {
    readonly thingName: string;
    readonly mqttPort: number;
    /** Host name of the broker, for a new configuration; `localhost` unless given. */
    readonly endpoint?: string;
    readonly authority: Identity;
  },
): Promise<ThingFolder> {
  const { thingName, mqttPort, endpoint = 'localhost', authority } = thing;
  const folder = join(resolve(dataDir), 'things', thingName);
  for (const name of ['', 'state', 'run', 'handlers']) {
    await mkdir(join(folder, name), { recursive: true, mode: PRIVATE_FOLDER });
  }
  const paths = { certPath: join(folder, 'certificate.pem'), keyPath: join(folder, 'private.key') };
  const { certPem } = await keepIdentity(paths, {
    isUsable: (identity) => isIssuedBy(authority, identity.certPem),
    make: () => issueClientCertificate(authority, thingName),
  });
  await replaceFile(join(folder, 'ca.pem'), authority.certPem, PUBLIC_FILE);
  const configPath = join(folder, 'config.json');
  await writeConfig(configPath, { thingName, mqttPort, endpoint });
  return { configPath, fingerprint: certificateFingerprint(certPem), certificatePem: certPem };
}

/** Settings in an existing file are kept; what it lacks is added, and only what this start decides is replaced. */
async function writeConfig(
  path: string,
  thing: { thingName: string; mqttPort: number; endpoint: string },
): Promise<void> {
  const existing = await readIfThere(path);
  const settings = {
    certPath: 'certificate.pem',
    keyPath: 'private.key',
    caPath: 'ca.pem',
    downloadCaPath: 'ca.pem',
    localDownloadHosts: ['localhost', '127.0.0.1'],
    stateDir: 'state',
    runtimeDir: 'run',
    handlersDir: 'handlers',
    rebootCommand: REFUSE_RESTART,
    shutdownCommand: REFUSE_POWER_OFF,
    ...(existing === undefined ? {} : parseConfig(path, existing)),
  };
  const config = { thingName: thing.thingName, endpoint: thing.endpoint, ...settings, port: thing.mqttPort };
  await replaceFile(path, `${JSON.stringify(config, null, 2)}\n`, PUBLIC_FILE);
}

function parseConfig(path: string, text: string): object {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not valid JSON; correct it or delete it`, { cause });
  }
}

/** The identity in these files, or a new one in its place when it is missing or can be used no more. */
async function keepIdentity(
  paths: { certPath: string; keyPath: string },
  identity: { isUsable: (existing: Identity) => boolean; make: () => Promise<Identity> },
): Promise<Identity> {
  const [certPem, keyPem] = [await readIfThere(paths.certPath), await readIfThere(paths.keyPath)];
  if (certPem !== undefined && keyPem !== undefined && identity.isUsable({ certPem, keyPem }))
    return { certPem, keyPem };
  const made = await identity.make();
  await replaceFile(paths.keyPath, made.keyPem, PRIVATE_FILE);
  await replaceFile(paths.certPath, made.certPem, PUBLIC_FILE);
  return made;
}

/** Those in the file, or a new one in its place where it has none. */
async function keepKeyPairs(path: string): Promise<readonly KeyPair[]> {
  const existing = readKeyPairs(path, (await readIfThere(path)) ?? '');
  if (existing.length > 0) return existing;
  const made = {
    accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase().slice(0, 15)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };
  const text = `[default]\naws_access_key_id = ${made.accessKeyId}\naws_secret_access_key = ${made.secretAccessKey}\n`;
  await replaceFile(path, text, PRIVATE_FILE);
  return readKeyPairs(path, text);
}

function readKeyPairs(path: string, text: string): readonly KeyPair[] {
  try {
    return parseKeyPairs(text);
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Whole or not at all: another process may be reading it. The mode does not depend on the umask. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, text, { mode: PRIVATE_FILE });
  await chmod(draft, mode);
  await rename(draft, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
