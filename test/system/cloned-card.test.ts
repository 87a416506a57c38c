/** A whole card copied to another board: two agents with one identity, one certificate and one journal, one boot each. */
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createWitnessJob, end, execution, isTerminal, until } from '../disk/faulty-run.ts';
import type { Agent } from '../disk/traced-agent.ts';
import { THING } from '../fixtures/agent-and-cloud.ts';
import { AGENT_BUNDLE } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';
import { canPlayBoards, startBoard } from '../power/board.ts';

interface Site {
  readonly top: string;
  /** The card of the first board. */
  readonly card: string;
  /** Copies the card as it is. */
  clone(): Promise<string>;
  /** Puts a card into a board of that name. */
  board(name: string, card: string): Agent;
  /** A job that runs until `gate` is there, or at once to its end. */
  order(jobId: string, gate?: string): void;
  isOver(jobId: string): boolean;
  /** Status and reason code. */
  endOf(jobId: string): string;
  runsOf(jobId: string): Promise<number>;
}

const LIMIT_MS = 300_000; // each of its waits may take as long as `until` takes at most
const isPlayable = canPlayBoards();

test.runIf(isPlayable)('a cloned card runs no job twice, and one board leaves off', { timeout: LIMIT_MS }, async () => {
  const { card, clone, board, order, isOver, endOf, runsOf } = await createSite();
  const first = board('a', card);
  order('before');
  await until(() => isOver('before'));
  expect(await end(first)).toBe(0);

  // Each connection of the one ends that of the other, which comes back a little later.
  const boards = [board('a', card), board('b', await clone())];
  const disputed = names('disputed', 12);
  for (const jobId of disputed) order(jobId);
  const leavesOff = ({ lines }: Agent) => lines.some(({ msg }) => msg.endsWith('backing off'));
  expect(await until(() => boards.some(leavesOff))).toBe(true);
  expect(await until(() => disputed.every(isOver))).toBe(true);
  for (const jobId of disputed) {
    const [how, runs] = [endOf(jobId), await runsOf(jobId)];
    // One that a board is running is told as lost by the other, which cannot know of it.
    expect(['SUCCEEDED', 'FAILED STATE_LOST']).toContain(how);
    expect(runs).toBeLessThanOrEqual(1);
    if (how === 'SUCCEEDED') expect(runs).toBe(1);
  }
  expect(connectionsOf(boards)).toBeLessThanOrEqual(2 * 4);

  const peaceful = names('peaceful', 5);
  for (const jobId of peaceful) order(jobId);
  expect(await until(() => peaceful.every(isOver))).toBe(true);
  for (const jobId of peaceful) expect([endOf(jobId), await runsOf(jobId)]).toEqual(['SUCCEEDED', 1]);
  for (const one of boards) expect(await end(one)).toBe(0);
});

test.runIf(isPlayable)('a card copied in mid-run is told once, and runs nothing', { timeout: LIMIT_MS }, async () => {
  const { card, clone, board, order, isOver, endOf, runsOf, top } = await createSite();
  const first = board('a', card);
  order('cut', join(top, 'never'));
  await until(() => first.lines.some(({ msg }) => msg === 'step started'));
  await expect.poll(() => runsOf('cut')).toBe(1);
  first.child.kill('SIGKILL'); // the power is cut, and the card taken out and copied
  await first.ended;
  const copy = await clone();

  const boards = [board('a', card), board('b', copy)];
  const isTold = ({ lines }: Agent) => lines.some(({ msg, jobId }) => jobId === 'cut' && msg.includes('closed'));
  expect(await until(() => isOver('cut') && boards.every(isTold))).toBe(true);
  expect([endOf('cut'), await runsOf('cut')]).toEqual(['FAILED INTERRUPTED', 1]);
  for (const one of boards) expect(await end(one)).toBe(0);
});

function names(of: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => `${of}-${n}`);
}

function connectionsOf(boards: readonly Agent[]): number {
  return boards.flatMap(({ lines }) => lines.filter(({ msg }) => msg === 'connected and subscribed')).length;
}

async function createSite(): Promise<Site> {
  const cloud = await startTestCloud({ things: [THING] });
  const top = await mkdtemp(join(tmpdir(), 'cloned-card-'));
  onTestFinished(() => rm(top, { recursive: true, force: true }));
  const [card, witness] = [dirname(cloud.things[THING]?.configPath ?? ''), join(top, 'witness')];
  let clones = 0;
  return {
    top,
    card,
    async clone() {
      clones += 1;
      const to = join(top, `card-${clones}`);
      await cp(card, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.sock') });
      return to;
    },
    board(name, of) {
      const bootIdFile = join(top, `boot-id-${name}`);
      const agent = startBoard({
        agent: AGENT_BUNDLE,
        configPath: join(of, 'config.json'),
        bootId: randomUUID(),
        bootIdFile,
      });
      onTestFinished(async () => {
        agent.child.kill('SIGKILL');
        await agent.ended;
      });
      return agent;
    },
    order: (jobId, gate) => createWitnessJob(cloud, { thingName: THING, jobId, witness, ...(gate && { gate }) }),
    isOver: (jobId) => isTerminal(execution(cloud, THING, jobId).status),
    endOf(jobId) {
      const { status, reasonCode = '' } = execution(cloud, THING, jobId);
      return `${status} ${reasonCode}`.trim();
    },
    async runsOf(jobId) {
      const lines = (await readFile(witness, 'utf8').catch(() => '')).split('\n');
      return lines.filter((line) => line === jobId).length;
    },
  };
}
