/**
 * Policy variables about a client's certificate.
 *
 * Source: AWS IoT Developer Guide, "X.509 Certificate AWS IoT Core policy variables". Of an attribute that a name has
 * several times the first counts. Alternative names are left out: the certificates made here have none.
 */
import type { X509Certificate } from 'node:crypto';
import type { PolicyVariables } from '../policy/evaluate-policy.ts';

/** AWS's name of each attribute, by the short name that OpenSSL prints. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  dnQualifier: 'DistinguishedNameQualifier',
  C: 'Country',
  O: 'Organization',
  OU: 'OrganizationalUnit',
  ST: 'State',
  CN: 'CommonName',
  serialNumber: 'SerialNumber',
  title: 'Title',
  SN: 'Surname',
  GN: 'GivenName',
  initials: 'Initials',
  pseudonym: 'Pseudonym',
  generationQualifier: 'GenerationQualifier',
};

/** @param certificateId SHA-256 over the certificate's DER form, as lower-case hex. */
export function certificateVariables(certificate: X509Certificate, certificateId: string): PolicyVariables {
  return {
    'iot:CertificateId': certificateId,
    'iot:Certificate.SerialNumber': certificate.serialNumber,
    ...nameVariables('iot:Certificate.Subject', certificate.subject),
    ...nameVariables('iot:Certificate.Issuer', certificate.issuer),
  };
}

/** Node gives a name as lines of `CN=gateway`. */
function nameVariables(prefix: string, name: string | undefined): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of (name ?? '').split('\n')) {
    const at = line.indexOf('=');
    const short = line.slice(0, at);
    const attribute = Object.hasOwn(ATTRIBUTES, short) ? ATTRIBUTES[short] : undefined;
    if (attribute !== undefined) variables[`${prefix}.${attribute}`] ??= line.slice(at + 1);
  }
  return variables;
}
