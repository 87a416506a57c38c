import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { certificateFingerprint } from '../../../local-cloud/identity/certificates.ts';
import type { JobCloud } from '../../../local-cloud/job-cloud.ts';
import { principalOf } from '../../../local-cloud/registry/principal-of.ts';
import { connectThing, startTestCloud } from '../../fixtures/job-cloud.ts';

const JOBS = `$aws/things/\${iot:Connection.Thing.ThingName}/jobs/*`;

async function fingerprintOf(cloud: JobCloud, thingName: string): Promise<string> {
  const folder = dirname(cloud.things[thingName]?.configPath ?? '');
  return certificateFingerprint(await readFile(join(folder, 'certificate.pem')));
}

test('a thing that the cloud made has an ACTIVE certificate with the default policy', async () => {
  const cloud = await startTestCloud();
  const principal = principalOf(cloud.jobs.state, await fingerprintOf(cloud, 'gw-1'));
  expect(principal).toMatchObject({ certificate: { status: 'ACTIVE' }, things: ['gw-1'] });
  const [document = '', ...more] = principal?.policyDocuments ?? [];
  expect(more).toEqual([]);
  expect(JSON.parse(document).Statement).toMatchObject([
    { Effect: 'Allow', Action: 'iot:Connect' },
    { Effect: 'Allow', Action: 'iot:Subscribe', Resource: `arn:aws:iot:us-east-1:123456789012:topicfilter/${JOBS}` },
    { Effect: 'Allow', Resource: `arn:aws:iot:us-east-1:123456789012:topic/${JOBS}` },
    { Effect: 'Allow', Resource: 'arn:aws:iot:us-east-1:123456789012:thing/${iot:Connection.Thing.ThingName}' },
  ]);
});

test('a certificate that nobody registered has no principal', async () => {
  const cloud = await startTestCloud();
  expect(principalOf(cloud.jobs.state, '0'.repeat(64))).toBeUndefined();
});

test('a thing cannot connect with a certificate that is no longer ACTIVE', async () => {
  const cloud = await startTestCloud();
  const client = await connectThing(cloud, 'gw-1');
  const principal = principalOf(cloud.jobs.state, await fingerprintOf(cloud, 'gw-1'));
  if (!principal) throw new Error('the thing has no certificate');
  principal.certificate.status = 'INACTIVE';
  await client.endAsync();
  const outcome = new Promise<string>((resolve) => {
    client.once('connect', () => resolve('connected'));
    client.once('close', () => resolve('closed'));
  });
  client.reconnect();
  expect(await outcome).toBe('closed');
});
