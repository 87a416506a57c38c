/** Operations on client certificates (API reference of each). Keys are made in `cloud-operations.ts`: that takes time and chance. */
import { X509Certificate } from 'node:crypto';
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { ACCOUNT_ID } from '../jobs-service/state.ts';
import { alreadyExists, answerWith, invalidRequest, notFound, seconds } from './answers.ts';
import { addCertificate } from './certificate-record.ts';
import { creationKey, pageOf } from './pages.ts';
import type { Certificate, CertificateStatus } from './registry-state.ts';
import { nameInArn, stableUuid } from './resource-names.ts';

/** API reference, ListCertificates: "a default page size of 25". */
const PAGE_SIZE = 25;

/** INACTIVE unless the request says otherwise; AWS documents no default. */
export function registerCertificateWithoutCa(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const status = settableStatus(input.status ?? 'INACTIVE');
  if (status === 'REVOKED') throw invalidRequest('A certificate cannot be registered as REVOKED');
  const certificatePem = String(input.certificatePem);
  checkPem(certificatePem);
  const { certificate, isNew } = addCertificate(state, { certificatePem, status, certificateMode: 'SNI_ONLY' }, nowMs);
  const { certificateArn, certificateId } = certificate;
  if (!isNew) {
    throw alreadyExists('The certificate is already registered', {
      resourceId: certificateId,
      resourceArn: certificateArn,
    });
  }
  return answerWith({ certificateArn, certificateId });
}

/** The second half of CreateKeysAndCertificate: takes in the certificate that was issued. Its status is INACTIVE unless told. */
export function takeIssuedCertificate(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const status = input.setAsActive === true ? 'ACTIVE' : 'INACTIVE';
  const certificatePem = String(input.certificatePem);
  const { certificate } = addCertificate(state, { certificatePem, status, certificateMode: 'DEFAULT' }, nowMs);
  const { certificateArn, certificateId } = certificate;
  return answerWith({ certificateArn, certificateId, certificatePem });
}

export function describeCertificate(state: JobsState, input: JsonObject): ControlResult {
  const certificate = existingCertificate(state, input);
  const { validFrom, validTo } = new X509Certificate(certificate.certificatePem);
  return answerWith({
    certificateDescription: {
      ...certificateSummary(certificate),
      certificatePem: certificate.certificatePem,
      ownedBy: ACCOUNT_ID,
      lastModifiedDate: seconds(certificate.lastModifiedAtMs),
      generationId: stableUuid(`${certificate.certificateId} ${certificate.createdAtMs}`),
      validity: { notBefore: seconds(Date.parse(validFrom)), notAfter: seconds(Date.parse(validTo)) },
    },
  });
}

/** Newest first, unless `ascendingOrder` is set. */
export function listCertificates(state: JobsState, input: JsonObject): ControlResult {
  const { items, next } = pageOf(state.registry.certificates.values(), input, {
    keyOf: ({ createdAtMs, certificateId }) => creationKey(createdAtMs, certificateId),
    descending: input.ascendingOrder !== true,
    pageSize: PAGE_SIZE,
    members: 'marker',
  });
  return answerWith({ certificates: items.map(certificateSummary), ...next });
}

/** Developer Guide, "Revoke a client certificate": "Once a certificate is revoked, it's status can't be changed." */
export function updateCertificate(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const certificate = existingCertificate(state, input);
  const status = settableStatus(input.newStatus);
  if (certificate.status === status) return answerWith({});
  if (certificate.status === 'REVOKED') throw wrongState('A revoked certificate cannot change its status');
  certificate.status = status;
  certificate.lastModifiedAtMs = nowMs;
  return answerWith({});
}

/** Not while it is ACTIVE or attached to a thing; `forceDelete` takes its policies with it. */
export function deleteCertificate(state: JobsState, input: JsonObject): ControlResult {
  const { certificateId, certificateArn, status, things, policies } = existingCertificate(state, input);
  if (status === 'ACTIVE') throw wrongState('Certificate must be deactivated (not ACTIVE) before deletion.');
  if (things.size > 0) throw conflict(`Things must be detached before deletion (arn: ${certificateArn})`);
  if (policies.size > 0 && input.forceDelete !== true) {
    throw conflict(`Certificate policies must be detached before deletion (arn: ${certificateArn})`);
  }
  state.registry.certificates.delete(certificateId);
  return answerWith({});
}

/** The certificate of an ARN, as principals are named. @throws ControlError */
export function certificateOfArn(state: JobsState, arn: string): Certificate {
  const certificateId = nameInArn('cert', arn);
  if (certificateId === undefined) throw invalidRequest(`${arn} is not the ARN of a certificate of this account`);
  const certificate = state.registry.certificates.get(certificateId);
  if (!certificate) throw notFound(`Certificate ${arn}`);
  return certificate;
}

function certificateSummary(certificate: Certificate): JsonObject {
  const { certificateArn, certificateId, status, certificateMode, createdAtMs } = certificate;
  return { certificateArn, certificateId, status, certificateMode, creationDate: seconds(createdAtMs) };
}

function existingCertificate(state: JobsState, { certificateId }: JsonObject): Certificate {
  const certificate = state.registry.certificates.get(String(certificateId));
  if (!certificate) throw notFound(`Certificate ${certificateId}`);
  return certificate;
}

/** API reference, UpdateCertificate: the other three are used by AWS IoT itself, or no longer. */
function settableStatus(status: unknown): CertificateStatus {
  if (status === 'ACTIVE' || status === 'INACTIVE' || status === 'REVOKED') return status;
  throw invalidRequest(`A certificate cannot be set to ${status}`);
}

function checkPem(certificatePem: string): void {
  try {
    if (certificatePem.includes('-----BEGIN CERTIFICATE-----')) return void new X509Certificate(certificatePem);
  } catch {
    // Told below.
  }
  throw new ControlError('CertificateValidationException', 'The certificate is not a valid X.509 certificate in PEM');
}

function wrongState(message: string): ControlError {
  return new ControlError('CertificateStateException', message);
}

function conflict(message: string): ControlError {
  return new ControlError('DeleteConflictException', message);
}
