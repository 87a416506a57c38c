import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isAlive } from '../fixtures/agent-process.ts';
import { childrenByProgram, startDemoProcess, temporaryFolder } from '../fixtures/demo-process.ts';

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s in the middle of the demo leaves nothing behind', async (signal, code) => {
  const folder = await temporaryFolder();
  const demo = startDemoProcess([], folder);
  await demo.shown(/^three-steps +IN_PROGRESS/m);
  const programs = childrenByProgram(demo.child.pid ?? 0);
  expect([...programs.keys()].sort()).toEqual(['job-agent.js', 'job-cloud.js']);
  demo.child.kill(signal);
  expect(await demo.exited).toEqual({ code, signal: null });
  expect([...programs.values()].filter(isAlive)).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  expect(demo.output()).toMatch(new RegExp(`\\nended by ${signal}\\n$`));
});

test('a signal while the cloud still starts ends it too', async () => {
  const folder = await temporaryFolder();
  const demo = startDemoProcess([], folder);
  const cloud = await firstChild(demo.child.pid ?? 0);
  demo.child.kill('SIGINT');
  expect(await demo.exited).toEqual({ code: 130, signal: null });
  expect(isAlive(cloud)).toBe(false);
  expect(await readdir(folder)).toEqual([]);
});

/** The demo says nothing before its cloud listens, so that it is looked for. */
async function firstChild(pid: number): Promise<number> {
  return expect
    .poll(() => [...childrenByProgram(pid).values()][0], { interval: 5 })
    .toBeDefined()
    .then(() => [...childrenByProgram(pid).values()][0] ?? 0);
}
