/** What the content must be, and whether it is. */
import { createHash, type Hash } from 'node:crypto';
import type { ArtifactKey } from '../../agent/handler-api.ts';
import { DownloadError } from './download-error.ts';
import type { DownloadFileParameters } from './parameters.ts';
import { createSignatureDigests, type Signature, type SignatureDigests, signatureInvalid } from './signature.ts';

const ALGORITHMS = ['sha256', 'sha384', 'sha512'] as const;
type Algorithm = (typeof ALGORITHMS)[number];
type Expected = Pick<DownloadFileParameters, Algorithm | 'sizeBytes'>;

/** Running hashes over the bytes in the order they are in the file. */
export interface Digests {
  update(chunk: Uint8Array): void;
  /** Once. */
  finish(): FinishedDigests;
}

export interface FinishedDigests {
  /** The name of the key that signed it, or nothing. Once. */
  readonly signer: SignatureDigests['signer'];
  /** In hexadecimal digits. */
  readonly sha256: string;
  readonly of: Readonly<Partial<Record<Algorithm, Buffer>>>;
}

/** SHA-256 always, since it is told; the others where they are asked for, and what signatures by these keys need. */
export function createDigests(expected: Expected, keys: readonly ArtifactKey[]): Digests {
  const signatures = createSignatureDigests(keys);
  const hashes = ALGORITHMS.filter((name) => name === 'sha256' || expected[name] !== undefined).map(
    (name): [Algorithm, Hash] => [name, createHash(name)],
  );
  return {
    update(chunk) {
      for (const [, hash] of hashes) hash.update(chunk);
      signatures.update(chunk);
    },
    finish() {
      const of: Partial<Record<Algorithm, Buffer>> = Object.fromEntries(
        hashes.map(([name, hash]) => [name, hash.digest()]),
      );
      return { sha256: of.sha256?.toString('hex') ?? '', of, signer: signatures.signer };
    },
  };
}

export function hasExpectedHash(expected: Expected): boolean {
  return ALGORITHMS.some((name) => expected[name] !== undefined);
}

/** @throws DownloadError */
export function checkHashes({ of }: FinishedDigests, expected: Expected): void {
  for (const name of ALGORITHMS) {
    const [text, actual] = [expected[name], of[name]];
    if (text === undefined || actual === undefined) continue;
    const wanted = bytesOf(text, actual.length);
    if (wanted.equals(actual)) continue;
    const title = name.replace('sha', 'SHA-');
    throw new DownloadError(
      'DOWNLOAD_HASH_MISMATCH',
      `expected ${title} ${wanted.toString('hex')}, got ${actual.toString('hex')}`,
    );
  }
}

/** @returns the name of the key, where a signature was asked for. @throws DownloadError */
export function checkSignature({ signer }: FinishedDigests, signature: Signature | undefined): { signedBy?: string } {
  if (signature === undefined) return {};
  const signedBy = signer(signature);
  if (signedBy !== undefined) return { signedBy };
  throw signatureInvalid('the file is not what was signed, or none of the keys that may have signed it did');
}

/** Hexadecimal digits are longer than base64 of the same hash, so the length tells them apart. */
function bytesOf(text: string, hashBytes: number): Buffer {
  return Buffer.from(text, text.length === 2 * hashBytes ? 'hex' : 'base64');
}

/** Before anything is received. @throws DownloadError */
export function checkAnnouncedSize(
  totalBytes: number | null,
  { sizeBytes, limitBytes }: { readonly sizeBytes: number | undefined; readonly limitBytes: number },
): void {
  if (totalBytes !== null && totalBytes > limitBytes) throw tooLarge(limitBytes, `it has ${totalBytes}`);
  if (sizeBytes === undefined) return;
  if (sizeBytes > limitBytes) throw tooLarge(limitBytes, `it should have ${sizeBytes}`);
  if (totalBytes !== null && totalBytes !== sizeBytes) throw wrongSize(sizeBytes, `the server has ${totalBytes}`);
}

export function tooLarge(limitBytes: number, what: string): DownloadError {
  return new DownloadError('DOWNLOAD_TOO_LARGE', `the file is larger than ${limitBytes} bytes: ${what}`);
}

export function wrongSize(sizeBytes: number, what: string): DownloadError {
  return new DownloadError('DOWNLOAD_SIZE_MISMATCH', `expected ${sizeBytes} bytes: ${what}`);
}
