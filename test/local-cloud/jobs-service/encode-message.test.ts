import { expect, test } from 'vitest';
import { encodeMessage, withText } from '../../../local-cloud/jobs-service/encode-message.ts';

function documentOf(text: string) {
  return withText(JSON.parse(text), text);
}

test('a message without a document is plain JSON', () => {
  expect(encodeMessage({ timestamp: 7, execution: { jobId: 'a' } })).toBe('{"timestamp":7,"execution":{"jobId":"a"}}');
});

test('a document keeps numbers, order and doubled members', () => {
  const text = '{"b":1.0,"a":12345678901234567890,"a":2}';
  expect(encodeMessage({ execution: { jobDocument: documentOf(text) } })).toBe(`{"execution":{"jobDocument":${text}}}`);
});

test('a document nested 10,000 deep goes out', () => {
  const text = `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
  expect(encodeMessage({ jobDocument: documentOf(text) })).toBe(`{"jobDocument":${text}}`);
});

test('replacement patterns in a document are only text', () => {
  const text = '{"a":"$& $1 $$"}';
  expect(encodeMessage({ jobDocument: documentOf(text) })).toBe(`{"jobDocument":${text}}`);
});

test('a client token takes no document in its place', () => {
  const message = { clientToken: '\u007fdocument\u007f', execution: { jobDocument: documentOf('{"a":1}') } };
  expect(JSON.parse(encodeMessage(message))).toEqual(message);
});
