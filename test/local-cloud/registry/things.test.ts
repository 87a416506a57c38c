import {
  AddThingToThingGroupCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  DeleteThingCommand,
  DescribeThingCommand,
  ListThingsCommand,
  ListThingsInThingGroupCommand,
  paginateListThings,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  UpdateThingCommand,
  VersionConflictException,
} from '@aws-sdk/client-iot';
import { expect, test } from 'vitest';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { startService } from '../jobs-service/service-harness.ts';

test('a thing is made, described, changed and deleted', async () => {
  const client = iotClientFor(await startTestCloud());
  const made = await client.send(
    new CreateThingCommand({ thingName: 'pump:1', attributePayload: { attributes: { site: 'north', model: 'p7' } } }),
  );
  expect(made).toMatchObject({
    thingName: 'pump:1',
    thingArn: 'arn:aws:iot:us-east-1:123456789012:thing/pump:1',
    thingId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  });
  expect(await client.send(new DescribeThingCommand({ thingName: 'pump:1' }))).toMatchObject({
    defaultClientId: 'pump:1',
    thingId: made.thingId,
    attributes: { site: 'north', model: 'p7' },
    version: 1,
  });
  await client.send(
    new UpdateThingCommand({
      thingName: 'pump:1',
      expectedVersion: 1,
      attributePayload: { attributes: { site: '', floor: '2' }, merge: true },
    }),
  );
  expect(await client.send(new DescribeThingCommand({ thingName: 'pump:1' }))).toMatchObject({
    attributes: { model: 'p7', floor: '2' },
    version: 2,
  });
  await client.send(new DeleteThingCommand({ thingName: 'pump:1', expectedVersion: 2 }));
  await expect(client.send(new DescribeThingCommand({ thingName: 'pump:1' }))).rejects.toThrow(
    ResourceNotFoundException,
  );
  await client.send(new DeleteThingCommand({ thingName: 'pump:1' }));
});

test('a thing that the cloud was started with is described like any other', async () => {
  const client = iotClientFor(await startTestCloud());
  const first = await client.send(new DescribeThingCommand({ thingName: 'gw-1' }));
  expect(first).toMatchObject({ thingName: 'gw-1', version: 1, attributes: {} });
  const again = await client.send(new CreateThingCommand({ thingName: 'gw-1' }));
  expect(again.thingId).toBe(first.thingId);
});

test('the same thing may be made twice, a different one of its name may not', async () => {
  const client = iotClientFor(await startTestCloud());
  const attributePayload = { attributes: { site: 'north' } };
  const made = await client.send(new CreateThingCommand({ thingName: 'a', attributePayload }));
  const again = await client.send(new CreateThingCommand({ thingName: 'a', attributePayload }));
  expect(again.thingId).toBe(made.thingId);
  const refusal = await client.send(new CreateThingCommand({ thingName: 'a' })).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ResourceAlreadyExistsException);
  expect(refusal).toMatchObject({
    message: 'Thing a already exists in account with different attributes',
    resourceArn: made.thingArn,
    resourceId: made.thingId,
  });
});

test('a thing is not changed or deleted at another version than expected', async () => {
  const client = iotClientFor(await startTestCloud());
  await expect(client.send(new UpdateThingCommand({ thingName: 'gw-1', expectedVersion: 2 }))).rejects.toThrow(
    VersionConflictException,
  );
  await expect(client.send(new DeleteThingCommand({ thingName: 'gw-1', expectedVersion: 7 }))).rejects.toThrow(
    'The version for thing gw-1 does not match the expected version: expected 7, found 1',
  );
});

test('things are listed in pages, none twice and none left out', async () => {
  const cloud = await startTestCloud({ things: ['b', 'a', 'd', 'c', 'e'] });
  const pages: (string | undefined)[][] = [];
  for await (const page of paginateListThings({ client: iotClientFor(cloud), pageSize: 2 }, {})) {
    pages.push((page.things ?? []).map(({ thingName }) => thingName));
  }
  expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
});

test('things are found by an attribute, its value, or how the value begins', async () => {
  const client = iotClientFor(await startTestCloud());
  for (const [thingName, site] of [
    ['a', 'north-1'],
    ['b', 'north-2'],
    ['c', 'south'],
  ] as const) {
    await client.send(new CreateThingCommand({ thingName, attributePayload: { attributes: { site } } }));
  }
  const found = async (filter: object) =>
    (await client.send(new ListThingsCommand(filter))).things?.map(({ thingName }) => thingName);
  expect(await found({ attributeName: 'site' })).toEqual(['a', 'b', 'c']);
  expect(await found({ attributeName: 'site', attributeValue: 'south' })).toEqual(['c']);
  expect(await found({ attributeName: 'site', attributeValue: 'north' })).toEqual([]);
  expect(await found({ attributeName: 'site', attributeValue: 'north', usePrefixAttributeValue: true })).toEqual([
    'a',
    'b',
  ]);
  expect(await found({ thingTypeName: 'pump' })).toEqual([]);
  await expect(found({ attributeValue: 'south' })).rejects.toThrow('attributeValue needs attributeName beside it');
});

test('a deleted thing is in no group any more', async () => {
  const client = iotClientFor(await startTestCloud());
  await client.send(new CreateThingCommand({ thingName: 'a' }));
  await client.send(new CreateThingGroupCommand({ thingGroupName: 'pumps' }));
  await client.send(new AddThingToThingGroupCommand({ thingGroupName: 'pumps', thingName: 'a' }));
  await client.send(new DeleteThingCommand({ thingName: 'a' }));
  const members = await client.send(new ListThingsInThingGroupCommand({ thingGroupName: 'pumps' }));
  expect(members.things).toEqual([]);
});

test('a thing with a certificate is not deleted', async () => {
  const client = iotClientFor(await startTestCloud());
  await expect(client.send(new DeleteThingCommand({ thingName: 'gw-1' }))).rejects.toThrow(
    'Cannot delete. Thing gw-1 is still attached to one or more principals',
  );
});

test('a thing that was deleted and made again is another one', () => {
  const service = startService([]);
  const first = service.control('CreateThing', { thingName: 'a' });
  service.control('DeleteThing', { thingName: 'a' });
  service.advance(1);
  expect(service.control('CreateThing', { thingName: 'a' }).thingId).not.toBe(first.thingId);
});

test('a thing that is not there is not made by a request of a device', () => {
  const service = startService();
  service.control('DeleteThing', { thingName: 'gw-1' });
  expect(service.device('get').message).toMatchObject({
    code: 'ResourceNotFound',
    message: 'Thing gw-1 does not exist',
  });
  expect(service.control('ListThings', {})).toEqual({ things: [] });
});

test('a thing has at most three attributes', () => {
  const service = startService([]);
  const attributePayload = { attributes: { a: '1', b: '2', c: '3', d: '4' } };
  expect(() => service.control('CreateThing', { thingName: 'a', attributePayload })).toThrow(
    'Thing a has 4 attributes; it may have at most 3',
  );
  expect(service.state.things.has('a')).toBe(false);
  service.control('CreateThing', { thingName: 'a', attributePayload: { attributes: { a: '1', b: '2', c: '3' } } });
  const more = { attributes: { d: '4' }, merge: true };
  expect(() => service.control('UpdateThing', { thingName: 'a', attributePayload: more })).toThrow('at most 3');
  expect(service.control('DescribeThing', { thingName: 'a' })).toMatchObject({ version: 1 });
});

test('attributes are replaced unless the request says merge', () => {
  const service = startService([]);
  service.control('CreateThing', { thingName: 'a', attributePayload: { attributes: { a: '1', b: '2' } } });
  service.control('UpdateThing', { thingName: 'a', attributePayload: { attributes: { c: '3' } } });
  expect(service.control('DescribeThing', { thingName: 'a' })).toMatchObject({ attributes: { c: '3' }, version: 2 });
});

test.each(['thingTypeName', 'billingGroupName'])('a thing of an unknown %s is refused', (member) => {
  const service = startService([]);
  expect(() => service.control('CreateThing', { thingName: 'a', [member]: 'none' })).toThrow('none does not exist');
});

test('a token that the service did not give out is refused', () => {
  const service = startService();
  expect(() => service.control('ListThings', { nextToken: 'not one' })).toThrow(
    'nextToken is not one that this service gave out',
  );
});

test('the next page begins behind the last item, even when that is gone', () => {
  const service = startService(['a', 'b', 'c', 'd']);
  const first = service.control('ListThings', { maxResults: 2 });
  service.control('DeleteThing', { thingName: 'b' });
  service.control('DeleteThing', { thingName: 'a' });
  const second = service.control('ListThings', { maxResults: 2, nextToken: first.nextToken ?? '' });
  expect(second).toMatchObject({ things: [{ thingName: 'c' }, { thingName: 'd' }] });
  expect(second).not.toHaveProperty('nextToken');
});
