/**
 * X.509 certificates, made in process: ECDSA on P-256, keys as PKCS#8 PEM, unless it says otherwise. No openssl needed.
 */
import { createHash, generateKeyPair, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import './reflect-metadata.ts';
import * as x509 from '@peculiar/x509';

const generateRsaKeys = promisify(generateKeyPair);
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const LIFETIME_MS = 10 * 365 * DAY_MS;
/** Boards without a battery wake up in the past: certificates are valid since a day before they were made. */
const BACKDATED_MS = DAY_MS;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export interface Identity {
  readonly certPem: string;
  readonly keyPem: string;
}

export async function createAuthority(commonName: string): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    serialNumber: serialNumber(),
    name: `CN=${commonName}`,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: withNewline(certificate.toString('pem')), keyPem: await privateKeyPem(keys.privateKey) };
}

/** A server certificate for these host names and addresses. */
export function issueServerCertificate(authority: Identity, hosts: readonly string[]): Promise<Identity> {
  const names = hosts.map((host) => ({ type: isAddress(host) ? ('ip' as const) : ('dns' as const), value: host }));
  return issue(authority, { commonName: hosts[0] ?? 'localhost', usage: SERVER_AUTH, names });
}

export function issueClientCertificate(authority: Identity, commonName: string): Promise<Identity> {
  return issue(authority, { commonName, usage: CLIENT_AUTH, names: [] });
}

export interface KeysAndCertificate {
  readonly certificatePem: string;
  /** SPKI. */
  readonly publicKeyPem: string;
  /** PKCS #1, as AWS gives it out. */
  readonly privateKeyPem: string;
}

/** What CreateKeysAndCertificate makes: "a 2048-bit RSA key pair", and a certificate with AWS's subject name. */
export async function issueKeysAndCertificate(authority: Identity): Promise<KeysAndCertificate> {
  const keys = await generateRsaKeys('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const publicKey = await webcrypto.subtle.importKey(
    'spki',
    x509.PemConverter.decodeFirst(keys.publicKey),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    true,
    ['verify'],
  );
  const subject = { commonName: 'AWS IoT Certificate', usage: CLIENT_AUTH, names: [] };
  const certificatePem = await signCertificate(authority, subject, publicKey);
  return { certificatePem, publicKeyPem: keys.publicKey, privateKeyPem: keys.privateKey };
}

/** Whether this authority signed the certificate and it is still valid. */
export function isIssuedBy(authority: Identity, certPem: string): boolean {
  const certificate = new X509Certificate(certPem);
  const issuer = new X509Certificate(authority.certPem);
  return certificate.verify(issuer.publicKey) && Date.parse(certificate.validTo) > Date.now();
}

/** SHA-256 over the DER form, as lower-case hex: what tells one client certificate from every other. */
export function certificateFingerprint(certificate: string | Buffer): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
}

interface Subject {
  readonly commonName: string;
  readonly usage: string;
  readonly names: x509.JsonGeneralName[];
}

async function issue(authority: Identity, subject: Subject): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certPem = await signCertificate(authority, subject, keys.publicKey);
  return { certPem, keyPem: await privateKeyPem(keys.privateKey) };
}

async function signCertificate(authority: Identity, subject: Subject, publicKey: webcrypto.CryptoKey): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certPem);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    x509.PemConverter.decodeFirst(authority.keyPem),
    ALGORITHM,
    false,
    ['sign'],
  );
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    serialNumber: serialNumber(),
    subject: [{ CN: [subject.commonName] }],
    issuer: issuer.subject,
    signingAlgorithm: ALGORITHM,
    publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([subject.usage]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ...(subject.names.length > 0 ? [new x509.SubjectAlternativeNameExtension(subject.names)] : []),
    ],
  });
  return withNewline(certificate.toString('pem'));
}

function validity(): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + LIFETIME_MS) };
}

/** Positive and without leading zeros, as DER wants its integers. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key);
  return withNewline(x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'));
}

function withNewline(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}
