/** Every operation of the control plane: those of the pure rules, and those that need time, chance or the outside beside them. */
import type { JsonObject } from '../agent/core/json.ts';
import type { ControlOperationName } from './api-model/model.ts';
import { resolveDocumentSource } from './artifacts/document-source.ts';
import type { ObjectStore } from './artifacts/object-store.ts';
import { type Identity, issueKeysAndCertificate } from './identity/certificates.ts';
import { readControlInput } from './jobs-service/control-request.ts';
import { takeIssuedCertificate } from './registry/certificates.ts';
import type { RunningService } from './running-service.ts';

export interface CloudOperations {
  /**
   * One operation of the `iot` service.
   * @throws ControlError
   */
  call(operation: ControlOperationName, input: JsonObject): Promise<JsonObject>;
}

/** @param store where `documentSource` is read */
export function createCloudOperations(jobs: RunningService, authority: Identity, store: ObjectStore): CloudOperations {
  return {
    call: async (operation, input) => {
      if (operation === 'CreateKeysAndCertificate') return createKeysAndCertificate(jobs, authority, input);
      if (operation === 'CreateJob' || operation === 'CreateJobTemplate') {
        return jobs.control(operation, await resolveDocumentSource(store, input));
      }
      return jobs.control(operation, input);
    },
  };
}

/** The private key is in this answer and nowhere else. */
async function createKeysAndCertificate(
  jobs: RunningService,
  authority: Identity,
  input: JsonObject,
): Promise<JsonObject> {
  const { setAsActive } = readControlInput('CreateKeysAndCertificate', input);
  const { certificatePem, publicKeyPem, privateKeyPem } = await issueKeysAndCertificate(authority);
  const certificate = jobs.perform(takeIssuedCertificate, {
    certificatePem,
    ...(setAsActive !== undefined && { setAsActive }),
  });
  return { ...certificate, keyPair: { PublicKey: publicKeyPem, PrivateKey: privateKeyPem } };
}
