import { expect, test } from 'vitest';
import { parseLinkArguments } from './arguments.ts';

test('all cuts are no limit, and a seed is made up where none is given', () => {
  expect(parseLinkArguments(['--cuts', 'all', '--packets', '0'])).toMatchObject({ cuts: undefined, packets: 0 });
  expect(parseLinkArguments([]).seed).toBeGreaterThan(0);
});

test.each([
  [['--cuts', 'some'], '--cuts: expected a whole number from 0, got some'],
  [['--packets', ''], '--packets: expected a whole number from 0, got '],
  [['--tls', '1.1'], '--tls: expected 1.2 or 1.3, got 1.1'],
  [['--lanes', '0'], '--lanes: expected a whole number from 1, got 0'],
])('%j is refused', (argv, message) => {
  expect(() => parseLinkArguments(argv)).toThrow(message);
});
