/** Takes a certificate into the registry. */
import { createHash, X509Certificate } from 'node:crypto';
import type { JobsState } from '../jobs-service/state.ts';
import type { Certificate } from './registry-state.ts';
import { resourceArn } from './resource-names.ts';

export type NewCertificate = Pick<Certificate, 'certificatePem' | 'status' | 'certificateMode'>;

/**
 * The certificate's entry; one that is there already is given back as it is.
 * @throws Error when the text is not a certificate.
 */
export function addCertificate(
  state: JobsState,
  given: NewCertificate,
  nowMs: number,
): { readonly certificate: Certificate; readonly isNew: boolean } {
  const certificateId = createHash('sha256').update(new X509Certificate(given.certificatePem).raw).digest('hex');
  const known = state.registry.certificates.get(certificateId);
  if (known) return { certificate: known, isNew: false };
  const certificate: Certificate = {
    ...given,
    certificateId,
    certificateArn: resourceArn('cert', certificateId),
    createdAtMs: nowMs,
    lastModifiedAtMs: nowMs,
    things: new Set(),
    isExclusive: false,
    policies: new Set(),
  };
  state.registry.certificates.set(certificateId, certificate);
  return { certificate, isNew: true };
}
