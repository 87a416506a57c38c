import {
  CreateThingGroupCommand,
  DeleteThingGroupCommand,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-iot';
import { expect, test } from 'vitest';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { type ServiceHarness, startService } from '../jobs-service/service-harness.ts';

const ACCOUNT = 'arn:aws:iot:us-east-1:123456789012';
const GROUP = `${ACCOUNT}:thinggroup/pumps`;

test('a group has the tags it was made with, new ones, changed ones, and no removed ones', async () => {
  const client = iotClientFor(await startTestCloud());
  const tags = [
    { Key: 'team', Value: 'a' },
    { Key: 'site', Value: 'north' },
  ];
  await client.send(new CreateThingGroupCommand({ thingGroupName: 'pumps', tags }));
  const listed = async () => (await client.send(new ListTagsForResourceCommand({ resourceArn: GROUP }))).tags;
  expect(await listed()).toEqual(tags.toReversed());
  const changes = [{ Key: 'team', Value: 'b' }, { Key: 'cost' }];
  await client.send(new TagResourceCommand({ resourceArn: GROUP, tags: changes }));
  await client.send(new UntagResourceCommand({ resourceArn: GROUP, tagKeys: ['site', 'unknown'] }));
  expect(await listed()).toEqual([
    { Key: 'cost', Value: '' },
    { Key: 'team', Value: 'b' },
  ]);
  await client.send(new DeleteThingGroupCommand({ thingGroupName: 'pumps' }));
  await expect(listed()).rejects.toThrow(ResourceNotFoundException);
  await client.send(new CreateThingGroupCommand({ thingGroupName: 'pumps' }));
  expect(await listed()).toEqual([]);
});

function tag(service: ServiceHarness, resourceArn: string, keys: readonly string[] = ['a']): () => void {
  return () => service.control('TagResource', { resourceArn, tags: keys.map((Key) => ({ Key, Value: 'x' })) });
}

test.each([
  ['job', (service: ServiceHarness) => service.createJob('j'), 'job/j'],
  [
    'job template',
    (service: ServiceHarness) =>
      service.control('CreateJobTemplate', { jobTemplateId: 't', description: 'd', document: '{}' }),
    'jobtemplate/t',
  ],
  [
    'policy',
    (service: ServiceHarness) =>
      service.control('CreatePolicy', {
        policyName: 'p',
        policyDocument:
          '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}',
      }),
    'policy/p',
  ],
  ['package', (service: ServiceHarness) => service.control('CreatePackage', { packageName: 'k' }), 'package/k'],
] as const)('a %s can be tagged once it is there', (_what, make, name) => {
  const service = startService();
  const resourceArn = `${ACCOUNT}:${name}`;
  expect(tag(service, resourceArn)).toThrow(expect.objectContaining({ name: 'ResourceNotFoundException' }));
  make(service);
  tag(service, resourceArn)();
  expect(service.control('ListTagsForResource', { resourceArn })).toEqual({ tags: [{ Key: 'a', Value: 'x' }] });
});

test.each(['thing/gw-1', 'cert/ab', 'weather/fine'])('%s cannot be tagged', (name) => {
  expect(tag(startService(), `${ACCOUNT}:${name}`)).toThrow(
    expect.objectContaining({ name: 'InvalidRequestException' }),
  );
});

test('a key that begins with aws:, and a key given twice, are refused', () => {
  const service = startService();
  service.control('CreateThingGroup', { thingGroupName: 'pumps' });
  expect(tag(service, GROUP, ['aws:x'])).toThrow('Tag key aws:x is reserved: it begins with aws:');
  expect(tag(service, GROUP, ['x', 'x'])).toThrow('Tag key x is given more than once');
});

test('a resource has fifty tags at most', () => {
  const service = startService();
  service.control('CreateThingGroup', { thingGroupName: 'pumps' });
  const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
  tag(service, GROUP, keys)();
  tag(service, GROUP, ['key-7'])();
  expect(tag(service, GROUP, ['one-more'])).toThrow(expect.objectContaining({ name: 'LimitExceededException' }));
});
