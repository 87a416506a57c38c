/** Public keys of the setting `artifactKeys`: who may have signed a file. */
import { createPublicKey, type KeyObject } from 'node:crypto';

export interface ArtifactKey {
  readonly name: string;
  readonly kind: ArtifactKeyKind;
  readonly key: KeyObject;
  /** Of minisign: eight bytes, in hexadecimal digits. */
  readonly id?: string;
}

export type ArtifactKeyKind = 'ecdsa-p256' | 'ecdsa-p384' | 'ed25519' | 'minisign';

/** Of a curve of OpenSSL, as KeyObject names them. */
const CURVES: Readonly<Record<string, ArtifactKeyKind>> = { prime256v1: 'ecdsa-p256', secp384r1: 'ecdsa-p384' };
/** A key of minisign: `Ed`, eight bytes of an id, 32 of the key (minisign, "Public key format"). */
const MINISIGN_BYTES = 42;
/** SubjectPublicKeyInfo of Ed25519 up to the 32 bytes of the key (RFC 8410, section 4). */
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @param entries each `NAME=BASE64`. @returns those that can be used, and what is wrong with others. */
export function readArtifactKeys(entries: readonly string[]): {
  readonly keys: readonly ArtifactKey[];
  readonly problems: readonly string[];
} {
  const keys: ArtifactKey[] = [];
  const problems: string[] = [];
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const name = entry.slice(0, at);
    const key = keyOf(name, Buffer.from(entry.slice(at + 1), 'base64'));
    if (key === undefined) problems.push(`${name} is no public key of P-256, P-384, Ed25519 or minisign`);
    else if (keys.some((other) => other.name === name)) problems.push(`there are two keys named ${name}`);
    else keys.push(key);
  }
  return { keys, problems };
}

function keyOf(name: string, bytes: Buffer): ArtifactKey | undefined {
  if (bytes.length === MINISIGN_BYTES && bytes.subarray(0, 2).toString('latin1') === 'Ed') {
    const key = publicKey(Buffer.concat([ED25519_PREFIX, bytes.subarray(10)]));
    return key && { name, kind: 'minisign', key, id: bytes.subarray(2, 10).toString('hex') };
  }
  const key = publicKey(bytes);
  const kind = key?.asymmetricKeyType === 'ed25519' ? 'ed25519' : curveOf(key);
  return key === undefined || kind === undefined ? undefined : { name, kind, key };
}

function curveOf(key: KeyObject | undefined): ArtifactKeyKind | undefined {
  return key?.asymmetricKeyType === 'ec' ? CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] : undefined;
}

function publicKey(der: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
