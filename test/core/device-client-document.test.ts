import { expect, test } from 'vitest';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonValue } from '../../agent/core/json.ts';

test('a full document calls its script', () => {
  const document = { operation: 'x.sh', args: ['a', 'b c'], path: '/opt/h', allowStdErr: 2, includeStdOut: 'true' };
  expect(parseJobDocument(document)).toEqual({
    ok: true,
    plan: {
      format: 'device-client',
      includeStdOut: true,
      steps: [
        {
          name: 'x.sh',
          pointer: '',
          action: { kind: 'executable', handler: 'x.sh', args: ['a', 'b c'], folder: '/opt/h', runAsUser: '' },
          ignoreFailure: false,
          allowStdErr: 2,
        },
      ],
    },
  });
});

test('only one of its members is needed', () => {
  const parsed = parseJobDocument({ operation: 'x.sh', path: 'default' });
  expect(parsed.ok && parsed.plan.steps[0]).toEqual({
    name: 'x.sh',
    pointer: '',
    action: { kind: 'executable', handler: 'x.sh', args: [], folder: '', runAsUser: '' },
    ignoreFailure: false,
  });
});

test.each(['9-lives', 'A.b_c-d', '0'])('%s is a file name of a handler', (operation) => {
  expect(parseJobDocument({ operation, args: [] }).ok).toBe(true);
});

const wrong: [JsonValue, string][] = [
  [{ operation: '/bin/sh', args: [] }, '/operation'],
  [{ operation: 7, args: [] }, '/operation'],
  [{ operation: 'x.sh', args: {} }, '/args'],
  [{ operation: 'x.sh', args: [null] }, '/args/0'],
  [{ operation: 'x.sh', path: [] }, '/path'],
  [{ operation: 'x.sh', allowStdErr: 1.5 }, '/allowStdErr'],
  [{ operation: 'x.sh', args: [], includeStdOut: 1 }, '/includeStdOut'],
];

test.each(wrong)('%j is rejected at %s', (document, pointer) => {
  const parsed = parseJobDocument(document);
  expect(!parsed.ok && parsed.rejection.pointer).toBe(pointer);
});
