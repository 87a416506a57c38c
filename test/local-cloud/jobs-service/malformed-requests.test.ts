import { describe, expect, test } from 'vitest';
import { START_SECONDS, startService } from './service-harness.ts';

const at = START_SECONDS;

describe('what is no proper request', () => {
  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '7'],
    ['a byte order mark', '\ufeff{}'],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d)],
  ])('%s is InvalidJson', (_what, payload) => {
    const answer = startService().device('get', payload);
    expect(answer.message).toEqual({ code: 'InvalidJson', message: expect.any(String), timestamp: at });
  });

  test.each(['a', 'a/b/c', 'a/b', 'a/get/more', '', 'a/'])('the topic %s is InvalidTopic', (operation) => {
    const answer = startService().device(operation);
    expect(answer).toMatchObject({ operation: 'InvalidTopic', code: 'InvalidTopic' });
    expect(answer.topic).toBe(`$aws/things/gw-1/jobs/${operation}/rejected`);
  });

  test.each(['$next/update', 'a.b/get', `${'x'.repeat(65)}/get`, '/get'])('the jobId of %s is invalid', (operation) => {
    expect(startService().device(operation, { status: 'IN_PROGRESS' })).toMatchObject({ code: 'InvalidRequest' });
  });

  test('details nested 60,000 deep are only invalid', () => {
    const service = startService();
    service.createJob('a');
    const nested = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
    expect(service.device('a/update', `{"status":"FAILED","statusDetails":${nested}}`).code).toBe('InvalidRequest');
    expect(service.device('a/update', `{"status":${nested}}`).code).toBe('InvalidRequest');
  });

  test('a job may be called get', () => {
    const service = startService();
    service.createJob('get');
    expect(service.device('get/get').message).toMatchObject({ execution: { jobId: 'get' } });
  });

  test('members nobody knows are ignored', () => {
    const service = startService();
    service.createJob('a');
    expect(service.device('a/get', { thingName: 'gw-9', jobId: 'b', more: [1] }).accepted).toBe(true);
  });

  test('null is the same as absent', () => {
    const service = startService();
    service.createJob('a');
    const body = { status: 'IN_PROGRESS', statusDetails: null, expectedVersion: null, clientToken: null };
    expect(service.device('a/update', body).message).toEqual({ timestamp: at });
  });

  test.each([
    ['eleven pairs', Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, 'v']))],
    ['a key with a dot', { 'a.b': 'v' }],
    ['a key of 129 characters', { ['k'.repeat(129)]: 'v' }],
    ['an empty key', { '': 'v' }],
    ['an empty value', { a: '' }],
    ['a newline', { a: 'one\ntwo' }],
    ['a byte order mark in a value', { a: '\ufeffx' }],
    ['a value of 1,025 characters', { a: 'x'.repeat(1025) }],
    ['a nested object', { a: {} }],
    ['a list', ['a']],
  ])('status details with %s are refused whole', (_what, statusDetails) => {
    const service = startService();
    service.createJob('a');
    expect(service.device('a/update', { status: 'IN_PROGRESS', statusDetails })).toMatchObject({
      code: 'InvalidRequest',
    });
    expect(service.device('a/get').message).toMatchObject({ execution: { status: 'QUEUED', versionNumber: 1 } });
  });

  test('status details at every limit are taken', () => {
    const service = startService();
    service.createJob('a');
    const pairs = Array.from({ length: 9 }, (_, index) => [`k${index}`.padEnd(128, 'x'), 'é'.repeat(1024)]);
    const statusDetails = Object.fromEntries([...pairs, ['__proto__', 'x']]);
    service.device('a/update', `{"status":"IN_PROGRESS","statusDetails":${JSON.stringify(statusDetails)}}`);
    expect(service.device('a/get').message.execution).toHaveProperty('statusDetails', statusDetails);
  });

  test.each([0, -2, 10_081, 1.5, 'soon', true])('a step timeout of %s is refused', (stepTimeoutInMinutes) => {
    const service = startService();
    service.createJob('a');
    expect(service.device('a/update', { status: 'IN_PROGRESS', stepTimeoutInMinutes })).toMatchObject({
      code: 'InvalidRequest',
    });
  });
});
