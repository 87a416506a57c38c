import { expect, test } from 'vitest';
import { createFileLooks } from '../../agent/runs/file-looks.ts';

/** Looks that end when they are told to. */
function createHanging() {
  const looks = createFileLooks();
  const begun: string[] = [];
  const ends = new Map<string, (answer: string) => void>();
  const look = (name: string) =>
    looks.once(name, () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, resolve));
    });
  return { look, begun, end: (name: string) => ends.get(name)?.(name) };
}

test('one that hangs is not begun again, and both hear its answer', async () => {
  const { look, begun, end } = createHanging();
  const both = [look('/share'), look('/share')];
  await Promise.resolve();
  expect(begun).toEqual(['/share']);
  end('/share');
  expect(await Promise.all(both)).toEqual(['/share', '/share']);
});

test('two that hang keep a third from being begun, until one has ended', async () => {
  const { look, begun, end } = createHanging();
  const first = look('/a');
  void look('/b');
  const third = look('/c');
  await new Promise(setImmediate);
  expect(begun).toEqual(['/a', '/b']);
  end('/a');
  await first;
  await new Promise(setImmediate);
  expect(begun).toEqual(['/a', '/b', '/c']);
  end('/c');
  expect(await third).toBe('/c');
});

test('one that fails makes room, and is looked at anew', async () => {
  const looks = createFileLooks();
  const fails = () => Promise.reject(new Error('no'));
  const failed = await Promise.allSettled([looks.once('/a', fails), looks.once('/b', fails), looks.once('/c', fails)]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await looks.once('/a', () => Promise.resolve('there'))).toBe('there');
});
