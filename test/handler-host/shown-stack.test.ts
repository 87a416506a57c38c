import { expect, test } from 'vitest';
import { shownStack } from '../../agent/handler-host/shown-stack.ts';

const OWN = '/opt/agent/dist/job-agent.js';

function thrown(...frames: readonly string[]): Error {
  const error = new Error('no modem');
  error.stack = ['Error: no modem', ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}

test('of a module, its own frames are shown', () => {
  const error = thrown(
    'run (file:///etc/handlers/tune.mjs:3:9)',
    `part (file://${OWN}:78185:20)`,
    'node:internal/x:1:2',
  );
  expect(shownStack(error, OWN)).toBe('Error: no modem\n    at run (file:///etc/handlers/tune.mjs:3:9)');
});

test('of a built-in handler, all of them', () => {
  const error = thrown(`run (file://${OWN}:5:1)`, 'async open (node:internal/fs:1:2)');
  expect(shownStack(error, OWN)).toBe(error.stack);
});

test('a message of several lines stays whole', () => {
  const error = new Error('first\nsecond');
  error.stack = `Error: first\nsecond\n    at run (file:///a.mjs:1:1)\n    at x (file://${OWN}:1:1)`;
  expect(shownStack(error, OWN)).toBe('Error: first\nsecond\n    at run (file:///a.mjs:1:1)');
});

test.each([
  ['a text', 'a text'],
  [undefined, 'undefined'],
])('%s is told as it is', (value, text) => {
  expect(shownStack(value, OWN)).toBe(text);
});
