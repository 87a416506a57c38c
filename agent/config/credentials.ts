/** The thing's certificate, its private key and the authorities it trusts, for downloads too: read, and checked before anything connects. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { shellWord } from '../files/shell-word.ts';
import { ConfigError } from './config-error.ts';
import { keyAccessProblems } from './key-access.ts';
import { type CredentialFile, findOpenCredentials, type OpenCredentialsWarning } from './open-credentials.ts';
import { type PemFile, readPemFile } from './pem-file.ts';
import type { Config } from './schema.ts';

export interface Credentials {
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
  /** Of `downloadCaPath`; absent where that is empty. */
  readonly downloadCaPem?: string;
  /** Not errors: the clock of a gateway is as often wrong as its certificate is out of date. */
  readonly warnings: readonly CertificateWarning[];
  /** Of folders in which others could replace one of the three. */
  readonly openWarnings: readonly OpenCredentialsWarning[];
}

export interface CertificateWarning {
  readonly code: 'CERTIFICATE_EXPIRED' | 'CERTIFICATE_NOT_YET_VALID';
  readonly path: string;
  /** ISO 8601. */
  readonly validFrom: string;
  readonly validTo: string;
}

export type CredentialPaths = Pick<Config, 'certPath' | 'keyPath' | 'caPath'> & Partial<Pick<Config, 'downloadCaPath'>>;

export interface CredentialChecks {
  /** Milliseconds since the epoch; by default now. */
  readonly nowMs?: number;
  /** The user the agent runs as; by default this process's. */
  readonly userId?: number;
  /** Its primary group; by default this process's. */
  readonly groupId?: number;
}

/** @throws ConfigError that lists everything wrong. */
export async function readCredentials(paths: CredentialPaths, checks: CredentialChecks = {}): Promise<Credentials> {
  const { credentials, problems } = await checkCredentials(paths, checks);
  if (credentials === undefined) throw new ConfigError(problems);
  return credentials;
}

export interface CheckedCredentials {
  /** Present when the three paths that must be were given and there is no problem. */
  readonly credentials?: Credentials;
  readonly problems: readonly string[];
}

/** As `readCredentials`, for those who have more to check; a path that is not known yet is left out. */
export async function checkCredentials(
  paths: Partial<CredentialPaths>,
  checks: CredentialChecks = {},
): Promise<CheckedCredentials> {
  const { nowMs = Date.now(), userId = process.geteuid?.() ?? 0, groupId = process.getegid?.() ?? 0 } = checks;
  const [cert, key, ca, downloadCa] = await Promise.all([
    readPemFile('certPath', paths.certPath, 'certificate'),
    readPemFile('keyPath', paths.keyPath, 'private key'),
    readPemFile('caPath', paths.caPath, 'certificate'),
    readPemFile('downloadCaPath', paths.downloadCaPath || undefined, 'certificate'),
  ]);
  const problems = [cert, key, ca, downloadCa].flatMap((file) => file?.problem ?? []);
  if (key?.facts !== undefined) problems.push(...keyAccessProblems(key.path, key.facts, userId));
  const open = await findOpenCredentials(filesOf({ cert, key, ca, downloadCa }), { userId, groupId });
  problems.push(...open.problems);
  const certificates = parseCertificates(cert, problems);
  const authorities = parseCertificates(ca, problems);
  const downloadAuthorities = parseCertificates(downloadCa, problems);
  const privateKey = parseKey(key, problems);
  const [own] = certificates;
  if (own !== undefined && privateKey !== undefined && !own.checkPrivateKey(privateKey)) {
    problems.push(`keyPath: ${key?.path} is not the key of the certificate ${cert?.path}; use the pair made together`);
  }
  if (problems.length > 0 || !cert?.pem || !key?.pem || !ca?.pem) return { problems };
  const warnings = [
    ...datesOf(cert.path, certificates, nowMs),
    ...datesOf(ca.path, authorities, nowMs),
    ...datesOf(downloadCa?.path ?? '', downloadAuthorities, nowMs),
  ];
  const downloadCaPem = downloadCa?.pem === undefined ? {} : { downloadCaPem: downloadCa.pem };
  const pems = { certPem: cert.pem, keyPem: key.pem, caPem: ca.pem, ...downloadCaPem };
  return { credentials: { ...pems, warnings, openWarnings: open.warnings }, problems };
}

type PemFiles = Readonly<Record<'cert' | 'key' | 'ca' | 'downloadCa', PemFile | undefined>>;

/** The key itself is held to stricter rules. */
function filesOf({ cert, key, ca, downloadCa }: PemFiles): readonly CredentialFile[] {
  const keyFolders = key === undefined ? undefined : { setting: key.setting, path: key.path };
  return [cert, keyFolders, ca, downloadCa].filter((file) => file !== undefined);
}

function parseCertificates(file: PemFile | undefined, problems: string[]): X509Certificate[] {
  if (file?.pem === undefined) return [];
  const blocks = file.pem.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g);
  try {
    const certificates = (blocks ?? []).map((block) => new X509Certificate(block));
    if (certificates.length === 0) throw new Error('no whole certificate');
    return certificates;
  } catch {
    problems.push(`${file.setting}: ${file.path} holds a certificate that cannot be decoded; copy the file again`);
    return [];
  }
}

function parseKey(file: PemFile | undefined, problems: string[]): KeyObject | undefined {
  if (file?.pem === undefined) return undefined;
  try {
    return createPrivateKey(file.pem);
  } catch {
    // The library's message may quote the key's structure; ours says enough.
    const cure = /ENCRYPTED/.test(file.pem)
      ? `needs a pass phrase, which the agent cannot be given; run: openssl pkey -in ${shellWord(file.path)} -out NEW_FILE`
      : 'holds a private key that cannot be decoded; copy the file again';
    problems.push(`${file.setting}: ${file.path} ${cure}`);
    return undefined;
  }
}

function datesOf(path: string, certificates: readonly X509Certificate[], nowMs: number): CertificateWarning[] {
  return certificates.flatMap((certificate) => {
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    if (from <= nowMs && nowMs <= to) return [];
    const code = nowMs < from ? ('CERTIFICATE_NOT_YET_VALID' as const) : ('CERTIFICATE_EXPIRED' as const);
    return [{ code, path, validFrom: new Date(from).toISOString(), validTo: new Date(to).toISOString() }];
  });
}
