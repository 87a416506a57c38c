import {
  AddThingToThingGroupCommand,
  CreateThingGroupCommand,
  DeleteThingGroupCommand,
  DescribeThingGroupCommand,
  ListThingGroupsCommand,
  ListThingGroupsForThingCommand,
  ListThingsInThingGroupCommand,
  paginateListThingGroups,
  RemoveThingFromThingGroupCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  UpdateThingGroupCommand,
  VersionConflictException,
} from '@aws-sdk/client-iot';
import { expect, test } from 'vitest';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { startService } from '../jobs-service/service-harness.ts';

const ACCOUNT = 'arn:aws:iot:us-east-1:123456789012';

test('a group is made below another, described, changed and deleted', async () => {
  const client = iotClientFor(await startTestCloud());
  const root = await client.send(new CreateThingGroupCommand({ thingGroupName: 'all' }));
  await client.send(new CreateThingGroupCommand({ thingGroupName: 'north', parentGroupName: 'all' }));
  const made = await client.send(
    new CreateThingGroupCommand({
      thingGroupName: 'pumps',
      parentGroupName: 'north',
      thingGroupProperties: { thingGroupDescription: 'All pumps', attributePayload: { attributes: { kind: 'pump' } } },
    }),
  );
  expect(made).toMatchObject({ thingGroupName: 'pumps', thingGroupArn: `${ACCOUNT}:thinggroup/pumps` });
  const described = await client.send(new DescribeThingGroupCommand({ thingGroupName: 'pumps' }));
  expect(described).toMatchObject({
    thingGroupId: made.thingGroupId,
    version: 1,
    thingGroupProperties: { thingGroupDescription: 'All pumps', attributePayload: { attributes: { kind: 'pump' } } },
    thingGroupMetadata: {
      parentGroupName: 'north',
      rootToParentThingGroups: [
        { groupName: 'all', groupArn: root.thingGroupArn },
        { groupName: 'north', groupArn: `${ACCOUNT}:thinggroup/north` },
      ],
    },
  });
  expect(described.thingGroupMetadata?.creationDate).toBeInstanceOf(Date);

  const thingGroupProperties = { thingGroupDescription: 'Old pumps' };
  const update = { thingGroupName: 'pumps', thingGroupProperties };
  expect(await client.send(new UpdateThingGroupCommand({ ...update, expectedVersion: 1 }))).toMatchObject({
    version: 2,
  });
  await expect(client.send(new UpdateThingGroupCommand({ ...update, expectedVersion: 1 }))).rejects.toThrow(
    VersionConflictException,
  );
  await expect(
    client.send(new DeleteThingGroupCommand({ thingGroupName: 'pumps', expectedVersion: 1 })),
  ).rejects.toThrow(VersionConflictException);
  await client.send(new DeleteThingGroupCommand({ thingGroupName: 'pumps', expectedVersion: 2 }));
  await expect(client.send(new DescribeThingGroupCommand({ thingGroupName: 'pumps' }))).rejects.toThrow(
    ResourceNotFoundException,
  );
  await client.send(new DeleteThingGroupCommand({ thingGroupName: 'pumps' }));
});

test('the same group may be made twice, a different one of its name may not', async () => {
  const client = iotClientFor(await startTestCloud());
  const made = await client.send(new CreateThingGroupCommand({ thingGroupName: 'pumps' }));
  const again = await client.send(new CreateThingGroupCommand({ thingGroupName: 'pumps' }));
  expect(again.thingGroupId).toBe(made.thingGroupId);
  const other = { thingGroupName: 'pumps', thingGroupProperties: { thingGroupDescription: 'x' } };
  await expect(client.send(new CreateThingGroupCommand(other))).rejects.toThrow(ResourceAlreadyExistsException);
});

test('things join a group by name and by ARN, and leave it', async () => {
  const client = iotClientFor(await startTestCloud({ things: ['a', 'b'] }));
  const { thingGroupArn } = await client.send(new CreateThingGroupCommand({ thingGroupName: 'pumps' }));
  await client.send(new AddThingToThingGroupCommand({ thingGroupName: 'pumps', thingName: 'a' }));
  await client.send(new AddThingToThingGroupCommand({ thingGroupArn, thingArn: `${ACCOUNT}:thing/b` }));
  await client.send(new AddThingToThingGroupCommand({ thingGroupArn, thingArn: `${ACCOUNT}:thing/b` }));
  const members = async () =>
    (await client.send(new ListThingsInThingGroupCommand({ thingGroupName: 'pumps' }))).things;
  expect(await members()).toEqual(['a', 'b']);
  expect(await client.send(new ListThingGroupsForThingCommand({ thingName: 'a' }))).toMatchObject({
    thingGroups: [{ groupName: 'pumps', groupArn: thingGroupArn }],
  });
  await client.send(new RemoveThingFromThingGroupCommand({ thingGroupName: 'pumps', thingName: 'a' }));
  await client.send(new RemoveThingFromThingGroupCommand({ thingGroupName: 'pumps', thingName: 'a' }));
  expect(await members()).toEqual(['b']);
});

test('who names no thing, or one that is not there, is told so', async () => {
  const client = iotClientFor(await startTestCloud());
  await client.send(new CreateThingGroupCommand({ thingGroupName: 'pumps' }));
  const add = (members: object) => client.send(new AddThingToThingGroupCommand(members));
  await expect(add({ thingGroupName: 'pumps' })).rejects.toThrow('thingName or thingArn is required');
  await expect(add({ thingName: 'gw-1' })).rejects.toThrow('thingGroupName or thingGroupArn is required');
  await expect(add({ thingGroupName: 'pumps', thingName: 'no' })).rejects.toThrow(ResourceNotFoundException);
  await expect(add({ thingGroupName: 'no', thingName: 'gw-1' })).rejects.toThrow('Thing group no does not exist');
  const mixed = { thingGroupName: 'pumps', thingName: 'gw-1', thingArn: `${ACCOUNT}:thing/other` };
  await expect(add(mixed)).rejects.toThrow(ResourceNotFoundException);
});

test('groups are listed in pages, by prefix, and by level', async () => {
  const client = iotClientFor(await startTestCloud());
  for (const [thingGroupName, parentGroupName] of [
    ['all', undefined],
    ['north', 'all'],
    ['north-pumps', 'north'],
    ['south', 'all'],
    ['lab', undefined],
  ] as const) {
    await client.send(new CreateThingGroupCommand({ thingGroupName, parentGroupName }));
  }
  const listed = async (filter: object) =>
    (await client.send(new ListThingGroupsCommand(filter))).thingGroups?.map(({ groupName }) => groupName);
  expect(await listed({})).toEqual(['all', 'lab', 'north', 'north-pumps', 'south']);
  expect(await listed({ recursive: false })).toEqual(['all', 'lab']);
  expect(await listed({ namePrefixFilter: 'north' })).toEqual(['north', 'north-pumps']);
  expect(await listed({ parentGroup: 'all' })).toEqual(['north', 'north-pumps', 'south']);
  expect(await listed({ parentGroup: 'all', recursive: false })).toEqual(['north', 'south']);
  await expect(listed({ parentGroup: 'no' })).rejects.toThrow(ResourceNotFoundException);
  const sizes: (number | undefined)[] = [];
  for await (const page of paginateListThingGroups({ client, pageSize: 2 }, {})) sizes.push(page.thingGroups?.length);
  expect(sizes).toEqual([2, 2, 1]);
});

test('a recursive list has the things of the groups below too', () => {
  const service = startService(['a', 'b', 'c']);
  service.control('CreateThingGroup', { thingGroupName: 'all' });
  service.control('CreateThingGroup', { thingGroupName: 'north', parentGroupName: 'all' });
  service.control('AddThingToThingGroup', { thingGroupName: 'all', thingName: 'c' });
  service.control('AddThingToThingGroup', { thingGroupName: 'north', thingName: 'a' });
  const list = (members: object) => service.control('ListThingsInThingGroup', { thingGroupName: 'all', ...members });
  expect(list({})).toEqual({ things: ['c'] });
  expect(list({ recursive: true })).toEqual({ things: ['a', 'c'] });
  const first = list({ recursive: true, maxResults: 1 });
  expect(first).toMatchObject({ things: ['a'] });
  expect(list({ recursive: true, maxResults: 1, nextToken: first.nextToken })).toEqual({ things: ['c'] });
});

test('a thing is in one group of a hierarchy only', () => {
  const service = startService(['a']);
  service.control('CreateThingGroup', { thingGroupName: 'all' });
  service.control('CreateThingGroup', { thingGroupName: 'north', parentGroupName: 'all' });
  service.control('CreateThingGroup', { thingGroupName: 'south', parentGroupName: 'all' });
  service.control('AddThingToThingGroup', { thingGroupName: 'north', thingName: 'a' });
  expect(() => service.control('AddThingToThingGroup', { thingGroupName: 'south', thingName: 'a' })).toThrow(
    'Thing a is in thing group north, which is in the same hierarchy as south',
  );
});

test('a thing is in ten groups at most', () => {
  const service = startService(['a']);
  for (let group = 1; group <= 11; group++) {
    service.control('CreateThingGroup', { thingGroupName: `group-${group}` });
    const add = () => service.control('AddThingToThingGroup', { thingGroupName: `group-${group}`, thingName: 'a' });
    if (group <= 10) add();
    else expect(add).toThrow('Thing a is in 10 thing groups, which is the most');
  }
});

test('a hierarchy has seven levels at most, and every parent must be there', () => {
  const service = startService([]);
  service.control('CreateThingGroup', { thingGroupName: 'level-1' });
  for (let level = 2; level <= 7; level++) {
    service.control('CreateThingGroup', { thingGroupName: `level-${level}`, parentGroupName: `level-${level - 1}` });
  }
  expect(() => service.control('CreateThingGroup', { thingGroupName: 'level-8', parentGroupName: 'level-7' })).toThrow(
    'at most 7 levels',
  );
  expect(() => service.control('CreateThingGroup', { thingGroupName: 'x', parentGroupName: 'no' })).toThrow(
    'Parent thing group no does not exist',
  );
});

test('a group with groups below it is not deleted', () => {
  const service = startService([]);
  service.control('CreateThingGroup', { thingGroupName: 'all' });
  service.control('CreateThingGroup', { thingGroupName: 'north', parentGroupName: 'all' });
  expect(() => service.control('DeleteThingGroup', { thingGroupName: 'all' })).toThrow(
    'Cannot delete thing group all when there are still child groups attached to it',
  );
  service.control('DeleteThingGroup', { thingGroupName: 'north' });
  service.control('DeleteThingGroup', { thingGroupName: 'all' });
  expect(service.control('ListThingGroups', {})).toEqual({ thingGroups: [] });
});
