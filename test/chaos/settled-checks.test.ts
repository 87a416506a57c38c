import { expect, test } from 'vitest';
import type { Execution } from '../../local-cloud/jobs-service/state.ts';
import { JOB_KINDS, type Mark } from './chaos-jobs.ts';
import { checkJob, type SettledJob } from './settled-checks.ts';

const PLACE = { trailFile: '/nonexistent/trail', filesDir: '/nonexistent' };

interface Facts {
  readonly kind: string;
  readonly status: Execution['status'];
  readonly reasonCode?: string;
  /** Such as `begin 0, end 0`. */
  readonly ran?: string;
  readonly journaled?: string;
  readonly wasClaimed?: boolean;
}

function complaints({ kind, status, reasonCode, ran = '', journaled, wasClaimed = true }: Facts): readonly string[] {
  const jobKind = JOB_KINDS.find(({ name }) => name === kind);
  if (jobKind === undefined) throw new Error(`no such kind of job: ${kind}`);
  const statusDetails = reasonCode === undefined ? {} : { reasonCode };
  const execution = { status, statusDetails, startedAtMs: wasClaimed ? 1 : undefined } as unknown as Execution;
  const job: SettledJob = { jobId: 'a', kind: jobKind, execution, journaled, marks: marksOf(ran) };
  return checkJob(job, PLACE).map((violation) => `${violation.kind}: ${violation.what}`);
}

function marksOf(ran: string): readonly Mark[] {
  return [...ran.matchAll(/(begin|end) (\d+)/g)].map(([, what, step]) => {
    return { what: what === 'begin' ? 'begin' : 'end', jobId: 'a', executionNumber: 1, step: Number(step) };
  });
}

test.each<Facts>([
  { kind: 'command', status: 'SUCCEEDED', ran: 'begin 0, end 0', journaled: 'SUCCEEDED' },
  { kind: 'command', status: 'FAILED', reasonCode: 'INTERRUPTED', ran: 'begin 0' },
  { kind: 'command', status: 'FAILED', reasonCode: 'INTERRUPTED' },
  { kind: 'failing', status: 'FAILED', reasonCode: 'EXIT_CODE', ran: 'begin 0' },
  { kind: 'refused', status: 'REJECTED' },
  { kind: 'cancelled', status: 'CANCELED', journaled: 'SUCCEEDED', ran: 'begin 0, end 0' },
  { kind: 'steps', status: 'SUCCEEDED', ran: 'begin 0, end 0, begin 1, end 1, begin 2, end 2' },
])('%o is well', (facts) => {
  expect(complaints(facts)).toEqual([]);
});

test.each<[Facts, string]>([
  [{ kind: 'command', status: 'SUCCEEDED', ran: 'begin 0, begin 0, end 0' }, 'doubled runs: a step ran twice'],
  [
    { kind: 'cancelled', status: 'CANCELED', ran: 'begin 0', wasClaimed: false },
    'doubled runs: ran before IN_PROGRESS was accepted',
  ],
  [{ kind: 'cancelled', status: 'TIMED_OUT' }, 'lost reports: a status that nobody gave it'],
  [{ kind: 'command', status: 'CANCELED' }, 'lost reports: cancelled by nobody'],
  [{ kind: 'command', status: 'FAILED', reasonCode: 'EXIT_CODE' }, 'lost reports: told an end it did not have'],
  [
    { kind: 'command', status: 'FAILED', reasonCode: 'INTERRUPTED', journaled: 'SUCCEEDED' },
    'lost reports: told other than journaled',
  ],
  [{ kind: 'command', status: 'SUCCEEDED', ran: 'begin 0' }, 'lost reports: success of a run that was not whole'],
  [{ kind: 'rerun', status: 'SUCCEEDED' }, 'lost reports: success without the file'],
  [{ kind: 'failing', status: 'SUCCEEDED', ran: 'begin 0, end 0' }, 'lost reports: a failure told as success'],
  [{ kind: 'command', status: 'IN_PROGRESS', ran: 'begin 0, end 0' }, 'lost reports: never told how it ended'],
])('%o is not', (facts, complaint) => {
  expect(complaints(facts)).toContain(complaint);
});
