import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { type HeapFigures, heapFigures } from './heap-figures.ts';
import { connectInspector } from './inspector-client.ts';
import { folderBytes, processFigures } from './process-figures.ts';

/** A process that runs a script at each line of its input, and says when it has. */
const PROGRAM = `
  globalThis.kept = [];
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    eval(line);
    console.log('done');
  });
  console.log('done');
`;

async function startProgram() {
  const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', '-e', PROGRAM]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const done = once(lines, 'line');
  const [said] = (await once(createInterface({ input: child.stderr }), 'line')) as [string];
  const inspector = await connectInspector(said.slice(said.indexOf('ws://')));
  onTestFinished(inspector.close);
  await done;
  const run = async (script: string) => {
    const ran = once(lines, 'line');
    child.stdin.write(`${script}\n`);
    await ran;
  };
  return { run, inspector, pid: child.pid ?? 0, figures: () => heapFigures(inspector) };
}

async function growthBy(script: string): Promise<(name: keyof HeapFigures) => number> {
  const { run, figures } = await startProgram();
  await figures(); // what the first look makes is there at each one
  const before = await figures();
  await run(script);
  const after = await figures();
  return (name) => after[name] - before[name];
}

test('each armed timer counts, even one that keeps nothing alive', async () => {
  const script =
    'setTimeout(() => {}, 1e6); setInterval(() => {}, 1e6).unref(); clearTimeout(setTimeout(() => {}, 1e6));';
  expect((await growthBy(script))('timers')).toBe(2);
});

test('listeners count, of emitters and of abort signals', async () => {
  const script = `
    const { EventEmitter } = require('node:events');
    kept.push(new EventEmitter().on('a', () => {}).on('a', () => {}).on('b', () => {}));
    kept.push(new AbortController()); kept[1].signal.addEventListener('abort', () => {});
  `.replaceAll('\n', ' ');
  const growth = await growthBy(script);
  expect([growth('listeners'), growth('emitters')]).toEqual([4, 1]);
});

test('memory that is kept counts, and what is garbage does not', async () => {
  const kept = await growthBy('kept.push(Array.from({ length: 100000 }, (_, i) => ({ i })));');
  expect(kept('heapBytes')).toBeGreaterThan(1_000_000);
  const garbage = await growthBy('Array.from({ length: 100000 }, (_, i) => ({ i })); 0;');
  expect(garbage('heapBytes')).toBeLessThan(1_000_000);
});

test('an open file and a child are seen in the process', async () => {
  const { run, pid } = await startProgram();
  const before = processFigures(pid);
  await run("kept.push(require('node:fs').openSync('/dev/null'))");
  expect(processFigures(pid).descriptors).toBe(before.descriptors + 1);
  await run("kept.push(require('node:child_process').spawn('sleep', ['100'], { stdio: 'ignore' }))");
  onTestFinished(() => run('kept[1].kill()'));
  expect([before.children, processFigures(pid).children]).toEqual([0, 1]);
});

test('a debugged process that ends rejects the call', async () => {
  const { inspector, run } = await startProgram();
  const endless = inspector.call('Runtime.evaluate', { expression: 'new Promise(() => {})', awaitPromise: true });
  void run('process.exit()').catch(() => undefined);
  await expect(endless).rejects.toThrow();
});

test('a folder that is gone holds no bytes', () => {
  expect(folderBytes('/nonexistent')).toBe(0);
});
