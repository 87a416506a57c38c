import { expect, test } from 'vitest';
import { parseNodesArguments } from './arguments.ts';

test('versions and architectures are lists, and all of them if not given', () => {
  expect(parseNodesArguments(['--node', '22,24', '--arch', 'arm64,armhf'])).toEqual({
    nodes: [22, 24],
    architectures: ['arm64', 'armhf'],
    large: false,
  });
  expect(parseNodesArguments(['--large'])).toEqual({
    nodes: [22, 24, 26],
    architectures: ['amd64', 'arm64', 'armhf', 'i386'],
    large: true,
  });
  expect(parseNodesArguments(['--node', '']).nodes).toEqual([]);
});

test.each([
  [['--node', '18'], '--node: expected major versions from 20 with commas between, got 18'],
  [['--node', 'lts'], '--node: expected major versions from 20 with commas between, got lts'],
  [['--arch', 'arm64,arm'], '--arch: expected of amd64, arm64, armhf, i386 with commas between, got arm64,arm'],
])('%j is refused', (argv, message) => {
  expect(() => parseNodesArguments(argv)).toThrow(message);
});
