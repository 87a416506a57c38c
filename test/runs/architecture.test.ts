/** The names that an operator may write, by what Node.js and the kernel say on each kind of gateway. */
import { execFileSync } from 'node:child_process';
import { arch, machine } from 'node:os';
import { expect, test } from 'vitest';
import { architectureNames } from '../../agent/runs/architecture.ts';
import { hasApt } from '../fixtures/scratch-apt.ts';

const hard = 'hard';

test.each([
  ['64-bit Raspberry Pi OS', { arch: 'arm64', machine: 'aarch64' }, ['arm64', 'aarch64']],
  [
    'a 32-bit one with a 64-bit kernel',
    { arch: 'arm', machine: 'aarch64', floatAbi: hard },
    ['arm', 'armhf', 'armv7l'],
  ],
  ['a 32-bit one', { arch: 'arm', machine: 'armv7l', floatAbi: hard }, ['arm', 'armhf', 'armv7l']],
  ['a Raspberry Pi Zero', { arch: 'arm', machine: 'armv6l', floatAbi: hard }, ['arm', 'armhf', 'armv6l']],
  ['a 32-bit one under setarch', { arch: 'arm', machine: 'armv8l', floatAbi: hard }, ['arm', 'armhf', 'armv7l']],
  ['one without registers for numbers', { arch: 'arm', machine: 'armv5tel' }, ['arm', 'armel', 'armv5tel']],
  ['a computer', { arch: 'x64', machine: 'x86_64' }, ['x64', 'amd64', 'x86_64']],
  ['32-bit programs on it', { arch: 'ia32', machine: 'x86_64' }, ['ia32', 'i386', 'i686', 'x86']],
  ['another one', { arch: 'riscv64', machine: 'riscv64' }, ['riscv64', 'riscv64']],
  ['64-bit programs under setarch', { arch: 'arm64', machine: 'armv8l' }, ['arm64', 'aarch64']],
])('%s', (_, facts, names) => {
  expect(architectureNames({ floatAbi: undefined, ...facts })).toEqual(names);
});

test('this machine has the name that Node.js and the kernel give it', () => {
  expect(architectureNames()).toEqual(expect.arrayContaining([arch(), machine()]));
});

test.runIf(hasApt)('this machine has the name that dpkg gives it', () => {
  expect(architectureNames()).toContain(execFileSync('dpkg', ['--print-architecture']).toString().trim());
});
