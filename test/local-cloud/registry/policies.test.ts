import {
  AttachPolicyCommand,
  CreatePolicyCommand,
  CreateThingGroupCommand,
  DeleteConflictException,
  DeletePolicyCommand,
  DetachPolicyCommand,
  GetPolicyCommand,
  ListAttachedPoliciesCommand,
  ListTargetsForPolicyCommand,
  MalformedPolicyException,
  paginateListPolicies,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-iot';
import { expect, test } from 'vitest';
import { principalOf } from '../../../local-cloud/registry/principal-of.ts';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { type ServiceHarness, startService } from '../jobs-service/service-harness.ts';

const ACCOUNT = 'arn:aws:iot:us-east-1:123456789012';
const GROUP = `${ACCOUNT}:thinggroup`;

function allow(action: string): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] });
}

test('a policy is made, read, attached, listed from both sides, detached and deleted', async () => {
  const client = iotClientFor(await startTestCloud());
  const policyDocument = allow('iot:Connect');
  const policyName = 'connect';
  expect(await client.send(new CreatePolicyCommand({ policyName, policyDocument }))).toMatchObject({
    policyName,
    policyArn: `${ACCOUNT}:policy/connect`,
    policyDocument,
    policyVersionId: '1',
  });
  expect(await client.send(new GetPolicyCommand({ policyName }))).toMatchObject({
    policyDocument,
    defaultVersionId: '1',
    creationDate: expect.any(Date),
  });
  const { thingGroupArn: target } = await client.send(new CreateThingGroupCommand({ thingGroupName: 'pumps' }));
  await client.send(new AttachPolicyCommand({ policyName, target }));
  await client.send(new AttachPolicyCommand({ policyName, target }));
  expect(await client.send(new ListAttachedPoliciesCommand({ target }))).toMatchObject({
    policies: [{ policyName, policyArn: `${ACCOUNT}:policy/connect` }],
  });
  expect(await client.send(new ListTargetsForPolicyCommand({ policyName }))).toMatchObject({ targets: [target] });
  await expect(client.send(new DeletePolicyCommand({ policyName }))).rejects.toThrow(DeleteConflictException);
  await client.send(new DetachPolicyCommand({ policyName, target }));
  await client.send(new DetachPolicyCommand({ policyName, target }));
  await client.send(new DeletePolicyCommand({ policyName }));
  await expect(client.send(new GetPolicyCommand({ policyName }))).rejects.toThrow(ResourceNotFoundException);
});

test('a second policy of the same name is refused, even an equal one', async () => {
  const client = iotClientFor(await startTestCloud());
  const policy = { policyName: 'p', policyDocument: allow('iot:Connect') };
  await client.send(new CreatePolicyCommand(policy));
  await expect(client.send(new CreatePolicyCommand(policy))).rejects.toThrow(ResourceAlreadyExistsException);
});

test.each(['nonsense', '[]', '{}', '{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}'])(
  'the policy document %s is malformed',
  async (policyDocument) => {
    const client = iotClientFor(await startTestCloud());
    await expect(client.send(new CreatePolicyCommand({ policyName: 'p', policyDocument }))).rejects.toThrow(
      MalformedPolicyException,
    );
  },
);

test('a policy document has 2048 characters at most, whitespace aside', () => {
  const service = startService();
  const longest = allow(`iot:${'C'.repeat(2048 - allow('iot:').length)}`);
  service.control('CreatePolicy', { policyName: 'a', policyDocument: `${longest}${' '.repeat(500)}` });
  const tooLong = longest.replace('iot:', 'iot:C');
  expect(() => service.control('CreatePolicy', { policyName: 'b', policyDocument: tooLong })).toThrow(
    'it has 2049 characters without whitespace, more than 2048',
  );
});

test('policies are listed newest first, in pages, or from the oldest', async () => {
  const cloud = await startTestCloud({ things: [] });
  const client = iotClientFor(cloud);
  for (const policyName of ['a', 'b', 'c']) {
    await client.send(new CreatePolicyCommand({ policyName, policyDocument: allow('iot:Connect') }));
  }
  const listed = async (ascendingOrder: boolean) => {
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListPolicies({ client, pageSize: 2 }, { ascendingOrder })) {
      pages.push((page.policies ?? []).map(({ policyName }) => policyName));
    }
    return pages;
  };
  expect(await listed(true)).toEqual([['a', 'b'], ['c']]);
  expect(await listed(false)).toEqual([['c', 'b'], ['a']]);
});

test('a policy that is not there, or a target that is not, cannot be attached', () => {
  const service = startService();
  service.control('CreatePolicy', { policyName: 'p', policyDocument: allow('iot:Connect') });
  const attach = (policyName: string, target: string) => () => service.control('AttachPolicy', { policyName, target });
  expect(attach('no', `${GROUP}/g`)).toThrow('Policy no does not exist');
  expect(attach('p', `${GROUP}/g`)).toThrow(expect.objectContaining({ name: 'ResourceNotFoundException' }));
  expect(attach('p', `${ACCOUNT}:thing/gw-1`)).toThrow(expect.objectContaining({ name: 'InvalidRequestException' }));
  const detach = () => service.control('DetachPolicy', { policyName: 'no', target: `${GROUP}/g` });
  expect(detach).toThrow(expect.objectContaining({ name: 'InvalidRequestException' }));
});

test('ten policies can be attached to one target', () => {
  const service = startService();
  service.control('CreateThingGroup', { thingGroupName: 'g' });
  for (let number = 1; number <= 11; number++) {
    const policyName = `p-${number}`;
    service.control('CreatePolicy', { policyName, policyDocument: allow('iot:Connect') });
    const attach = () => service.control('AttachPolicy', { policyName, target: `${GROUP}/g` });
    if (number <= 10) attach();
    else expect(attach).toThrow(expect.objectContaining({ name: 'LimitExceededException' }));
  }
});

test('a group has its own policies, and with recursive those of the groups above it', () => {
  const service = serviceWithGroups();
  const attached = (recursive: boolean) => {
    const { policies } = service.control('ListAttachedPolicies', { target: `${GROUP}/north`, recursive });
    return policies;
  };
  expect(attached(false)).toMatchObject([{ policyName: 'publish' }]);
  expect(attached(true)).toMatchObject([{ policyName: 'connect' }, { policyName: 'publish' }]);
});

test('a certificate may do what the groups of its thing may do, and what those above them may', async () => {
  const service = serviceWithGroups();
  const cloud = await startTestCloud({ things: [] });
  const made = await cloud.call('CreateKeysAndCertificate', { setAsActive: true });
  const certificatePem = made.certificatePem ?? null;
  const registered = service.control('RegisterCertificateWithoutCA', { certificatePem });
  const fingerprint = String(registered.certificateId);
  const principal = registered.certificateArn ?? null;
  for (const thingName of ['gw-1', 'gw-2']) service.control('AttachThingPrincipal', { thingName, principal });
  service.control('AttachPolicy', { policyName: 'receive', target: principal });
  service.control('AddThingToThingGroup', { thingGroupName: 'north', thingName: 'gw-1' });
  const own = allow('iot:Receive');
  const inherited = [allow('iot:Publish'), allow('iot:Connect')];
  expect(principalOf(service.state, fingerprint)?.policyDocuments).toEqual([own, ...inherited]);
  expect(principalOf(service.state, fingerprint, 'gw-1')?.policyDocuments).toEqual([own, ...inherited]);
  expect(principalOf(service.state, fingerprint, 'gw-2')?.policyDocuments).toEqual([own]);
  expect(principalOf(service.state, fingerprint, 'gw-3')?.policyDocuments).toEqual([own]);
});

/** The group `north` with the policy `publish`, below the group `all` with the policy `connect`. */
function serviceWithGroups(): ServiceHarness {
  const service = startService(['gw-1', 'gw-2']);
  service.control('CreateThingGroup', { thingGroupName: 'all' });
  service.control('CreateThingGroup', { thingGroupName: 'north', parentGroupName: 'all' });
  for (const [policyName, action] of [
    ['connect', 'iot:Connect'],
    ['publish', 'iot:Publish'],
    ['receive', 'iot:Receive'],
  ] as const) {
    service.control('CreatePolicy', { policyName, policyDocument: allow(action) });
  }
  service.control('AttachPolicy', { policyName: 'connect', target: `${GROUP}/all` });
  service.control('AttachPolicy', { policyName: 'publish', target: `${GROUP}/north` });
  return service;
}
