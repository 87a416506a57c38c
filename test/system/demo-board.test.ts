import { describe, expect, test } from 'vitest';
import { createBoard, progressPercent } from '../../demo/board.ts';
import { noticeLongQueue } from '../../demo/long-queue.ts';

const ROWS = [{ jobId: 'a', title: 'the job' }];

/** What a terminal of 80 columns shows of one job, without colours and movements. */
function drawn(execution: object, columns = 80): string {
  const written: string[] = [];
  const terminal = { isTTY: true, columns, write: (text: string) => written.push(text) };
  createBoard(ROWS, terminal).show(new Map([['a', execution]]));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what escape sequences begin with
  return written.join('').replaceAll(/\u001b\[\d+[mAK]/g, '');
}

describe('on a terminal', () => {
  test.each(['FAILED', 'TIMED_OUT', 'REJECTED', 'CANCELED', 'REMOVED'])('%s has no bar', (status) => {
    const statusDetails = { detailsMap: { reason: 'the reason', percent: '40' } };
    expect(drawn({ status, statusDetails })).toBe(`${status.padEnd(11)} the job: the reason\n`);
  });

  test('what runs shows how far it is', () => {
    const statusDetails = { detailsMap: { percent: '50' } };
    expect(drawn({ status: 'IN_PROGRESS', statusDetails })).toBe('IN_PROGRESS ████████░░░░░░░░  50 %  the job: 50 %\n');
  });

  test('what waits has an empty bar, what succeeded a full one', () => {
    expect(drawn({ status: 'QUEUED' })).toBe(`QUEUED      ${'░'.repeat(16)}   0 %  the job\n`);
    expect(drawn({ status: 'SUCCEEDED' })).toBe(`SUCCEEDED   ${'█'.repeat(16)} 100 %  the job\n`);
  });

  test('what is tried later shows why, without a bar', () => {
    const statusDetails = { detailsMap: { waiting: 'to be tried again 60 s later: modem busy', percent: '50' } };
    expect(drawn({ status: 'IN_PROGRESS', statusDetails })).toBe(
      'IN_PROGRESS the job: waiting: to be tried again 60 s later: modem busy\n',
    );
  });

  test('what is said stays above the rows', () => {
    const written: string[] = [];
    const board = createBoard(ROWS, { isTTY: true, columns: 80, write: (text) => written.push(text) });
    const rows = new Map([['a', { status: 'QUEUED' as const }]]);
    board.show(rows);
    board.say('not taken yet');
    board.show(rows);
    expect(written.slice(1).join('')).toBe(`\u001b[1A\u001b[Jnot taken yet\n${written[0]}`);
  });

  test('no line reaches the last column', () => {
    const statusDetails = { detailsMap: { reason: 'r'.repeat(500) } };
    for (const columns of [10, 40, 80]) {
      expect(drawn({ status: 'FAILED', statusDetails }, columns).length).toBeLessThanOrEqual(Math.max(columns, 13));
    }
  });
});

test('a file gets a line for each change only', () => {
  const lines: string[] = [];
  const board = createBoard(ROWS, { write: (line: string) => lines.push(line) });
  for (const status of ['QUEUED', 'QUEUED', 'SUCCEEDED', 'SUCCEEDED'] as const) {
    board.show(new Map([['a', { status }]]));
  }
  expect(lines).toEqual(['a                  QUEUED\n', 'a                  SUCCEEDED\n']);
});

test('a file gets the reason of a wait', () => {
  const lines: string[] = [];
  const statusDetails = { detailsMap: { waiting: 'to be tried again 60 s later: modem busy' } };
  createBoard(ROWS, { write: (line) => lines.push(line) }).show(
    new Map([['a', { status: 'IN_PROGRESS', statusDetails }]]),
  );
  expect(lines).toEqual(['a                  IN_PROGRESS waiting: to be tried again 60 s later: modem busy\n']);
});

describe('a job that stays queued', () => {
  const noticesAt = async (looks: readonly (readonly [atMs: number, status: 'QUEUED' | 'IN_PROGRESS'])[]) => {
    const notices: number[] = [];
    let nowMs = 0;
    const look = noticeLongQueue(
      () => notices.push(nowMs),
      () => nowMs,
    );
    for (const [atMs, status] of looks) {
      nowMs = atMs;
      await look('a', { status });
    }
    return notices;
  };

  test('is noticed after ten seconds, once', async () => {
    const looks = [0, 5_000, 9_999, 10_000, 20_000, 40_000].map((atMs) => [atMs, 'QUEUED'] as const);
    expect(await noticesAt(looks)).toEqual([10_000]);
  });

  test('is not noticed once it was taken', async () => {
    const looks = [
      [0, 'QUEUED'],
      [9_000, 'QUEUED'],
      [20_000, 'IN_PROGRESS'],
    ] as const;
    expect(await noticesAt(looks)).toEqual([]);
  });
});

test('the percentage counts the steps before', () => {
  const percent = (detailsMap: Record<string, string>) =>
    progressPercent({ status: 'IN_PROGRESS', statusDetails: { detailsMap } });
  expect(percent({ step: '2/4 x', percent: '50' })).toBe(37);
  expect(percent({ percent: '250' })).toBe(100);
  expect(percent({ percent: 'soon' })).toBe(0);
});
