/**
 * Detached signatures. What is signed, so that no file is ever held in memory:
 * - ECDSA: the file, with SHA-256 for a key on P-256 and SHA-384 for one on P-384; DER, as openssl and cosign make it;
 * - Ed25519: the 64 bytes of the file's SHA-512. Over the file itself it cannot be checked in pieces (RFC 8032, section 4);
 * - minisign: its prehashed form, over BLAKE2b-512 of the file, with its trusted comment.
 */
import { createHash, createVerify, type Hash, type Verify, verify } from 'node:crypto';
import { type ArtifactKey, type HandlerFacts, readArtifactKeys } from '../../agent/handler-api.ts';
import { DownloadError } from './download-error.ts';
import type { DownloadFileParameters } from './parameters.ts';

export type Signature =
  | { readonly form: 'der' | 'raw'; readonly bytes: Buffer }
  | {
      readonly form: 'minisign';
      readonly keyId: string;
      readonly bytes: Buffer;
      readonly trustedComment: string;
      readonly commentSignature: Buffer;
    };

/** Hashes a file as signatures need it, from its beginning. */
export interface SignatureDigests {
  update(chunk: Uint8Array): void;
  /** Once. @returns the name of the key that signed what was hashed, or nothing. */
  signer(signature: Signature): string | undefined;
}

const ECDSA_HASHES: Partial<Record<ArtifactKey['kind'], string>> = { 'ecdsa-p256': 'sha256', 'ecdsa-p384': 'sha384' };
const ED25519_BYTES = 64;
/** `ED`, the id of the key, and a signature (minisign, "Signature format"). */
const MINISIGN_BYTES = 2 + 8 + ED25519_BYTES;
const MINISIGN =
  /^untrusted comment:[^\n]*\n([A-Za-z0-9+/]+={0,2})\ntrusted comment: ([^\n]*)\n([A-Za-z0-9+/]+={0,2})$/;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}$/;
const DER_SEQUENCE = 0x30;

/** Keys that may have signed what these parameters ask for; none where nothing is to be signed. */
export function signatureKeys(
  { signature, signatureUrl, signatureKey }: DownloadFileParameters,
  { artifactKeys }: Pick<HandlerFacts, 'artifactKeys'>,
): readonly ArtifactKey[] {
  if (signature === undefined && signatureUrl === undefined) return [];
  const { keys } = readArtifactKeys(artifactKeys);
  return signatureKey === undefined ? keys : keys.filter(({ name }) => name === signatureKey);
}

/** @returns a sentence about what is wrong, where it is none. */
export function parseSignature(content: Buffer): Signature | string {
  const text = content.toString('latin1').replaceAll('\r\n', '\n').trim();
  const minisign = MINISIGN.exec(text);
  if (minisign !== null) return parseMinisign(minisign);
  const isText = BASE64.test(text);
  const bytes = isText ? Buffer.from(text, 'base64') : content;
  if (bytes.length === ED25519_BYTES) return { form: 'raw', bytes };
  if (bytes[0] === DER_SEQUENCE && bytes.length === 2 + (bytes[1] ?? 0)) return { form: 'der', bytes };
  return `expected a signature, ECDSA in DER, 64 bytes of Ed25519 or a file of minisign, got ${bytes.length} bytes`;
}

function parseMinisign([, signed = '', trustedComment = '', comment = '']: RegExpExecArray): Signature | string {
  const [bytes, commentSignature] = [Buffer.from(signed, 'base64'), Buffer.from(comment, 'base64')];
  if (bytes.length !== MINISIGN_BYTES || commentSignature.length !== ED25519_BYTES) {
    return 'expected a signature of minisign, got lines that are too short or too long';
  }
  const form = bytes.subarray(0, 2).toString('latin1');
  if (form === 'Ed')
    return 'expected the prehashed form of minisign, got the legacy one, over the whole file: sign without -l';
  if (form !== 'ED') return `expected the prehashed form of minisign, got ${JSON.stringify(form)}`;
  const keyId = bytes.subarray(2, 10).toString('hex');
  return { form: 'minisign', keyId, bytes: bytes.subarray(10), trustedComment, commentSignature };
}

export function createSignatureDigests(keys: readonly ArtifactKey[]): SignatureDigests {
  const verifiers = keys.flatMap((key): { key: ArtifactKey; verifier: Verify }[] => {
    const hash = ECDSA_HASHES[key.kind];
    return hash === undefined ? [] : [{ key, verifier: createVerify(hash) }];
  });
  const hashes: Partial<Record<ArtifactKey['kind'], Hash>> = {};
  if (keys.some(({ kind }) => kind === 'ed25519')) hashes.ed25519 = createHash('sha512');
  if (keys.some(({ kind }) => kind === 'minisign')) hashes.minisign = createHash('blake2b512');
  return {
    update(chunk) {
      for (const { verifier } of verifiers) verifier.update(chunk);
      for (const hash of Object.values(hashes)) hash.update(chunk);
    },
    signer(signature) {
      if (signature.form === 'der') {
        return verifiers.find(({ key, verifier }) => isSigned(() => verifier.verify(key.key, signature.bytes)))?.key
          .name;
      }
      const kind = signature.form === 'raw' ? 'ed25519' : 'minisign';
      const digest = hashes[kind]?.digest();
      if (digest === undefined) return undefined;
      return keys.find((key) => key.kind === kind && isSignedBy(key, digest, signature))?.name;
    },
  };
}

function isSignedBy({ key, id }: ArtifactKey, digest: Buffer, signature: Signature): boolean {
  if (!isSigned(() => verify(null, digest, key, signature.bytes))) return false;
  if (signature.form !== 'minisign') return true;
  const { bytes, trustedComment, commentSignature, keyId } = signature;
  const told = Buffer.concat([bytes, Buffer.from(trustedComment, 'latin1')]);
  return id === keyId && isSigned(() => verify(null, told, key, commentSignature));
}

/** A signature that is not even well formed is an error of OpenSSL, and none of a right one. */
function isSigned(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

export function signatureInvalid(message: string): DownloadError {
  return new DownloadError('SIGNATURE_INVALID', message);
}
