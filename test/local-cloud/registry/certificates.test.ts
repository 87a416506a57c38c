import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CertificateStateException,
  CertificateValidationException,
  CreateKeysAndCertificateCommand,
  CreatePolicyCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DeleteConflictException,
  DescribeCertificateCommand,
  DetachPolicyCommand,
  DetachThingPrincipalCommand,
  type IoTClient,
  ListCertificatesCommand,
  ListPrincipalThingsCommand,
  ListThingPrincipalsCommand,
  paginateListThingPrincipals,
  RegisterCertificateWithoutCACommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import { connectAsync } from 'mqtt';
import { expect, test } from 'vitest';
import {
  certificateFingerprint,
  createAuthority,
  issueClientCertificate,
} from '../../../local-cloud/identity/certificates.ts';
import type { JobCloud } from '../../../local-cloud/job-cloud.ts';
import { DEFAULT_POLICY_DOCUMENT } from '../../../local-cloud/registry/default-policy.ts';
import { createCertificateAuthority, HOUR_MS } from '../../fixtures/certificates.ts';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { startService } from '../jobs-service/service-harness.ts';

const ARN = 'arn:aws:iot:us-east-1:123456789012:cert/';

async function foreignPem(commonName = 'a'): Promise<string> {
  return (await issueClientCertificate(await createAuthority('another CA'), commonName)).certPem;
}

async function newKeys(client: IoTClient, setAsActive = true) {
  const { certificateArn, certificateId, certificatePem, keyPair } = await client.send(
    new CreateKeysAndCertificateCommand({ setAsActive }),
  );
  if (!certificateArn || !certificateId || !certificatePem || !keyPair) throw new Error('an answer is incomplete');
  return { certificateArn, certificateId, certificatePem, keyPair };
}

/** What comes of an MQTT connection with this identity. */
async function attempt(cloud: JobCloud, identity: { key: string; cert: string }, clientId: string): Promise<string> {
  const ca = await readFile(cloud.caPath);
  const options = { ...identity, ca, clientId, reconnectPeriod: 0, connectTimeout: 10_000 };
  try {
    const client = await connectAsync(`mqtts://localhost:${cloud.mqttPort}`, options, false);
    await client.endAsync(true);
    return 'connected';
  } catch {
    return 'refused';
  }
}

test('a thing made as at AWS connects with the keys it was given', async () => {
  const cloud = await startTestCloud({ things: [] });
  const client = iotClientFor(cloud);
  await client.send(new CreateThingCommand({ thingName: 'pump-1' }));
  const { certificateArn, certificatePem, keyPair } = await newKeys(client);
  const identity = { key: keyPair.PrivateKey ?? '', cert: certificatePem };
  expect(await attempt(cloud, identity, 'pump-1')).toBe('refused');
  await client.send(new AttachThingPrincipalCommand({ thingName: 'pump-1', principal: certificateArn }));
  await client.send(new CreatePolicyCommand({ policyName: 'jobs', policyDocument: DEFAULT_POLICY_DOCUMENT }));
  await client.send(new AttachPolicyCommand({ policyName: 'jobs', target: certificateArn }));
  expect(await attempt(cloud, identity, 'pump-1')).toBe('connected');
});

test('a thing connects with a certificate of another authority, once that is registered and ACTIVE', async () => {
  const cloud = await startTestCloud();
  const client = iotClientFor(cloud);
  const { certPem, keyPem } = await issueClientCertificate(await createAuthority('another CA'), 'gw-1');
  const identity = { key: keyPem, cert: certPem };
  expect(await attempt(cloud, identity, 'gw-1')).toBe('refused');
  const { certificateArn, certificateId } = await client.send(
    new RegisterCertificateWithoutCACommand({ certificatePem: certPem }),
  );
  await client.send(new AttachThingPrincipalCommand({ thingName: 'gw-1', principal: certificateArn }));
  await client.send(new AttachPolicyCommand({ policyName: 'job-cloud-default', target: certificateArn }));
  expect(await attempt(cloud, identity, 'gw-1')).toBe('refused');
  await client.send(new UpdateCertificateCommand({ certificateId, newStatus: 'ACTIVE' }));
  expect(await attempt(cloud, identity, 'gw-1')).toBe('connected');
});

test('an expired certificate does not connect, registered or not', async () => {
  const cloud = await startTestCloud();
  const authority = await createCertificateAuthority('another CA');
  const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS);
  const attemptWith = async (notAfter: Date) => {
    const request = { commonName: 'gw-1', usage: 'client', notBefore: at(-48), notAfter } as const;
    const { certPem, keyPem } = await authority.issue(request);
    const registered = await cloud.call('RegisterCertificateWithoutCA', { certificatePem: certPem, status: 'ACTIVE' });
    const certificateArn = registered.certificateArn ?? null;
    await cloud.call('AttachThingPrincipal', { thingName: 'gw-1', principal: certificateArn });
    await cloud.call('AttachPolicy', { policyName: 'job-cloud-default', target: certificateArn });
    return attempt(cloud, { key: keyPem, cert: certPem }, 'gw-1');
  };
  expect(await attemptWith(at(-1))).toBe('refused');
  expect(await attemptWith(at(1))).toBe('connected');
});

test('keys and certificate belong together, and are in the form that AWS gives them in', async () => {
  const client = iotClientFor(await startTestCloud());
  const { certificateArn, certificateId, certificatePem, keyPair } = await newKeys(client, false);
  expect(certificateId).toBe(certificateFingerprint(certificatePem));
  expect(certificateArn).toBe(`${ARN}${certificateId}`);
  expect(keyPair.PrivateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  expect(createPublicKey(keyPair.PrivateKey ?? '').export({ type: 'spki', format: 'pem' })).toBe(keyPair.PublicKey);
  expect(createPublicKey(certificatePem).export({ type: 'spki', format: 'pem' })).toBe(keyPair.PublicKey);
  const { certificateDescription } = await client.send(new DescribeCertificateCommand({ certificateId }));
  expect(certificateDescription).toMatchObject({
    certificateId,
    certificateArn,
    certificatePem,
    status: 'INACTIVE',
    ownedBy: '123456789012',
    certificateMode: 'DEFAULT',
  });
  expect(certificateDescription?.validity?.notAfter?.getTime()).toBeGreaterThan(
    certificateDescription?.creationDate?.getTime() ?? Infinity,
  );
});

test('a certificate of somebody else is registered once, and INACTIVE unless told', async () => {
  const client = iotClientFor(await startTestCloud());
  const certificatePem = await foreignPem();
  const { certificateId } = await client.send(new RegisterCertificateWithoutCACommand({ certificatePem }));
  const { certificateDescription } = await client.send(new DescribeCertificateCommand({ certificateId }));
  expect(certificateDescription).toMatchObject({ status: 'INACTIVE', certificateMode: 'SNI_ONLY' });
  const again = await client
    .send(new RegisterCertificateWithoutCACommand({ certificatePem, status: 'ACTIVE' }))
    .catch((error: unknown) => error);
  expect(again).toBeInstanceOf(ResourceAlreadyExistsException);
  expect(again).toMatchObject({ resourceId: certificateId, resourceArn: `${ARN}${certificateId}` });
});

test.each(['no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
  '%j cannot be registered',
  async (certificatePem) => {
    const client = iotClientFor(await startTestCloud());
    await expect(client.send(new RegisterCertificateWithoutCACommand({ certificatePem }))).rejects.toThrow(
      CertificateValidationException,
    );
  },
);

test('a revoked certificate stays revoked', async () => {
  const client = iotClientFor(await startTestCloud());
  const { certificateId } = await newKeys(client);
  const set = (newStatus: 'ACTIVE' | 'INACTIVE' | 'REVOKED' | 'PENDING_TRANSFER') =>
    client.send(new UpdateCertificateCommand({ certificateId, newStatus }));
  await expect(set('PENDING_TRANSFER')).rejects.toThrow('A certificate cannot be set to PENDING_TRANSFER');
  await set('INACTIVE');
  await set('ACTIVE');
  await set('REVOKED');
  await set('REVOKED');
  await expect(set('ACTIVE')).rejects.toThrow(CertificateStateException);
  const unknown = new UpdateCertificateCommand({ certificateId: 'f'.repeat(64), newStatus: 'ACTIVE' });
  await expect(client.send(unknown)).rejects.toThrow(ResourceNotFoundException);
});

test('a certificate is deleted when it is not ACTIVE and nothing is attached', async () => {
  const client = iotClientFor(await startTestCloud());
  const { certificateArn: target, certificateId } = await newKeys(client);
  await client.send(new AttachThingPrincipalCommand({ thingName: 'gw-1', principal: target }));
  await client.send(new AttachPolicyCommand({ policyName: 'job-cloud-default', target }));
  const remove = (forceDelete = false) => client.send(new DeleteCertificateCommand({ certificateId, forceDelete }));
  await expect(remove()).rejects.toThrow(CertificateStateException);
  await client.send(new UpdateCertificateCommand({ certificateId, newStatus: 'INACTIVE' }));
  await expect(remove(true)).rejects.toThrow('Things must be detached before deletion');
  await client.send(new DetachThingPrincipalCommand({ thingName: 'gw-1', principal: target }));
  await expect(remove()).rejects.toThrow(DeleteConflictException);
  await client.send(new DetachPolicyCommand({ policyName: 'job-cloud-default', target }));
  await remove();
  await expect(client.send(new DescribeCertificateCommand({ certificateId }))).rejects.toThrow(
    ResourceNotFoundException,
  );
});

test('forceDelete takes the policies of a certificate with it', async () => {
  const client = iotClientFor(await startTestCloud());
  const { certificateArn: target, certificateId } = await newKeys(client, false);
  await client.send(new AttachPolicyCommand({ policyName: 'job-cloud-default', target }));
  await client.send(new DeleteCertificateCommand({ certificateId, forceDelete: true }));
  const { certificates } = await client.send(new ListCertificatesCommand({}));
  expect(certificates?.map((certificate) => certificate.certificateId)).not.toContain(certificateId);
});

test('certificates are listed newest first, 25 to a page, or from the oldest', async () => {
  const service = startService([]);
  const ids: unknown[] = [];
  for (let number = 0; number < 26; number++) {
    service.advance(1);
    const certificatePem = await foreignPem(`thing-${number}`);
    ids.push(service.control('RegisterCertificateWithoutCA', { certificatePem }).certificateId);
  }
  const list = (input: object) => {
    const { certificates, nextMarker } = service.control('ListCertificates', { ...input });
    if (!Array.isArray(certificates)) throw new Error('there is no list');
    return { ids: certificates.map((one: { certificateId?: unknown }) => one.certificateId), nextMarker };
  };
  const first = list({});
  expect(first.ids).toEqual(ids.toReversed().slice(0, 25));
  expect(list({ marker: first.nextMarker })).toEqual({ ids: ids.slice(0, 1), nextMarker: undefined });
  expect(list({ ascendingOrder: true, pageSize: 2 }).ids).toEqual(ids.slice(0, 2));
});

test('principals and things are listed from both sides, in pages', async () => {
  const cloud = await startTestCloud({ things: ['a', 'b'] });
  const client = iotClientFor(cloud);
  const { certificateArn: principal } = await newKeys(client);
  await client.send(new AttachThingPrincipalCommand({ thingName: 'a', principal }));
  await client.send(new AttachThingPrincipalCommand({ thingName: 'b', principal }));
  const { things } = await client.send(new ListPrincipalThingsCommand({ principal }));
  expect(things).toEqual(['a', 'b']);
  const pages: (string[] | undefined)[] = [];
  for await (const page of paginateListThingPrincipals({ client, pageSize: 1 }, { thingName: 'a' })) {
    pages.push(page.principals);
  }
  expect(pages).toHaveLength(2);
  expect(pages.flat()).toContain(principal);
  await client.send(new DetachThingPrincipalCommand({ thingName: 'a', principal }));
  await client.send(new DetachThingPrincipalCommand({ thingName: 'a', principal }));
  expect((await client.send(new ListThingPrincipalsCommand({ thingName: 'a' }))).principals).not.toContain(principal);
});

test('an exclusive thing has its certificate to itself', async () => {
  const client = iotClientFor(await startTestCloud({ things: ['a', 'b'] }));
  const { certificateArn: principal } = await newKeys(client);
  const attach = (thingName: string, thingPrincipalType?: 'EXCLUSIVE_THING') =>
    client.send(new AttachThingPrincipalCommand({ thingName, principal, thingPrincipalType }));
  await attach('a', 'EXCLUSIVE_THING');
  await expect(attach('b')).rejects.toThrow('is attached to thing a, and cannot be to another');
  await client.send(new DetachThingPrincipalCommand({ thingName: 'a', principal }));
  await attach('b');
  await expect(attach('a', 'EXCLUSIVE_THING')).rejects.toThrow('is attached to thing b');
});

test.each([
  ['no certificate of this account', 'arn:aws:iot:eu-west-1:123456789012:cert/ab', 'InvalidRequestException'],
  ['no certificate at all', 'us-east-1:1234', 'InvalidRequestException'],
  ['an unknown certificate', `${ARN}${'0'.repeat(64)}`, 'ResourceNotFoundException'],
])('%s cannot be attached', (_what, principal, name) => {
  const service = startService();
  const attach = () => service.control('AttachThingPrincipal', { thingName: 'gw-1', principal });
  expect(attach).toThrow(expect.objectContaining({ name }));
});

test('a certificate cannot be attached to a thing that is not there', () => {
  const service = startService([]);
  const attach = () => service.control('AttachThingPrincipal', { thingName: 'no', principal: `${ARN}ab` });
  expect(attach).toThrow('Thing no does not exist');
});
