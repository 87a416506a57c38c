/**
 * Random walks: whatever service, network, handlers, disk and power do, in any order, the invariants hold at every
 * step, and once all is well again every job is over and was told.
 */
import { describe, expect, test } from 'vitest';
import type { PlanVerdict } from '../../agent/core/event.ts';
import { isTerminal } from '../../agent/core/job-execution.ts';
import type { RunResult } from '../../agent/core/outcome.ts';
import { type CoreSettings, isQuiet, type ReviewedStep } from '../../agent/core/state.ts';
import { FAILED, REFUSED, runVerdict, SETTINGS, SUCCEEDED, step, UNKNOWN_OPERATION } from '../fixtures/core-states.ts';
import { createSimulatedGateway, type End, type Run, type SimulatedGateway } from '../fixtures/simulated-gateway.ts';
import { createSimulatedService, type SimulatedService } from '../fixtures/simulated-service.ts';

const WALKS = 2_000;
const STEPS = 140;

type Pick = (count: number) => number;

interface Walk {
  readonly pick: Pick;
  readonly service: SimulatedService;
  readonly gateway: SimulatedGateway;
  readonly notifications: ReturnType<SimulatedService['notifications']>[number][];
}

/** Every number from 0 to below `count` as likely as another; the same seed gives the same walk (mulberry32). */
function createPick(seed: number): Pick {
  let a = seed;
  return (count) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % count;
  };
}

function oneOf<T>(pick: Pick, choices: readonly T[]): T | undefined {
  return choices[pick(Math.max(1, choices.length))];
}

const FAIL = step({ name: 'fail', timeoutMs: 1_000 });
const RERUN = step({ name: 'rerun', onInterrupted: 'rerun' });
const IGNORED = step({ name: 'ignored', onInterrupted: 'resume', ignoreFailure: true, timeoutMs: 1_000 });
const VERIFIED = step({ name: 'verified', verifies: true });
const CLEANS = step({ name: 'cleans', cleansUp: true, timeoutMs: 1_000 });
const ALONE = step({ name: 'alone', exclusive: true });
const VERDICTS: readonly PlanVerdict[] = [
  runVerdict([FAIL]),
  runVerdict([RERUN]),
  runVerdict([FAIL, RERUN, IGNORED]),
  runVerdict([IGNORED, FAIL]),
  runVerdict([VERIFIED]),
  runVerdict([CLEANS]),
  runVerdict([CLEANS, VERIFIED]),
  runVerdict([VERIFIED, FAIL]),
  runVerdict([ALONE]),
  REFUSED,
  UNKNOWN_OPERATION,
];

/** The service takes requests of one connection in their order. */
function serve({ gateway, service, pick }: Walk): void {
  const next = gateway.inFlight.find(({ answer }) => answer === undefined);
  if (next === undefined) return;
  // An attempt that landed and whose answer was lost, before the one that counts.
  if (pick(4) === 0) service.answer(next.request);
  const how = pick(10);
  const code = how === 0 ? 'RequestThrottled' : 'InternalError';
  next.answer = how <= 1 ? { kind: 'rejected', rejection: { code, message: '' } } : service.answer(next.request);
}

/** Answers come in any order, twice, or never. */
function answer({ gateway, service, pick }: Walk): void {
  const answered = gateway.inFlight.filter((sent) => sent.answer !== undefined);
  const sent = oneOf(pick, pick(2) === 0 ? answered : answered.slice(0, 1));
  if (sent?.answer === undefined) return;
  const { requestId, answer } = sent;
  gateway.inFlight.splice(gateway.inFlight.indexOf(sent), 1);
  if (pick(10) === 0) gateway.tell({ type: 'requestUnanswered', requestId });
  else deliver(gateway, requestId, answer);
  if (pick(5) === 0) deliver(gateway, requestId, service.answer({ operation: 'GetPendingJobExecutions' }));
}

function deliver(gateway: SimulatedGateway, requestId: number, given: ReturnType<SimulatedService['answer']>): void {
  if (given.kind === 'rejected') {
    gateway.tell({ type: 'requestRejected', requestId, rejection: given.rejection });
    return;
  }
  const verdict = given.verdict === undefined ? {} : { verdict: given.verdict };
  gateway.tell({ type: 'requestAccepted', requestId, answer: given.answer, ...verdict });
}

/** What was sent before arrives, or does not. */
function lose(walk: Walk): void {
  for (let count = walk.pick(4); count > 0; count -= 1) serve(walk);
}

function disconnect(walk: Walk): void {
  const { gateway } = walk;
  gateway.tell({ type: 'disconnected' });
  lose(walk);
  for (const { requestId } of gateway.inFlight.splice(0)) gateway.tell({ type: 'requestUnanswered', requestId });
}

function endRun({ gateway, pick }: Walk): void {
  const run = oneOf(pick, [...gateway.running.values()]);
  if (run !== undefined) gateway.endRun(run, oneOf(pick, RESULTS) ?? SUCCEEDED);
}

const LATER: RunResult = { ...SUCCEEDED, status: 'later', afterMs: null, message: 'busy' };
const REBOOT: RunResult = { ...SUCCEEDED, status: 'reboot', how: 'restart' };
const RESULTS: readonly RunResult[] = [SUCCEEDED, SUCCEEDED, SUCCEEDED, FAILED, LATER, REBOOT, REBOOT];

/** The restart that was asked for comes, or is refused; or nothing happens, until its timer fires. */
function reboot({ gateway, pick }: Walk): void {
  if (!gateway.isRebootAsked) return;
  if (pick(4) === 0) gateway.refuseReboot();
  else gateway.restart('power lost');
}

function progress({ gateway, pick }: Walk): void {
  const run = oneOf(pick, [...gateway.running.values()]);
  if (run === undefined) return;
  const { id, runId } = run;
  gateway.tell({ type: 'runProgressed', id, runId, details: { percent: String(pick(100)) } });
}

function fireTimer({ gateway, pick }: Walk): void {
  const found = oneOf(pick, [...gateway.timers]);
  if (found === undefined) return;
  gateway.timers.delete(found[0]);
  gateway.tell({ type: 'timerFired', timer: found[1] });
}

function changeQueue({ service, gateway, pick, notifications }: Walk): void {
  const what = pick(4);
  const victim = oneOf(pick, service.all);
  // On a shared thing a job id is not used again: what we claimed in place of another nobody would look for there.
  const isShared = gateway.state.settings.unknownOperation === 'leave';
  const jobId = `job-${isShared ? service.all.length : pick(6)}`;
  // Nor in the moment between a description and our update, which cannot say which of the two it means.
  const isBeingTaken = Object.values(gateway.state.executions).some(
    ({ key, phase }) => key.jobId === jobId && phase.name === 'claiming',
  );
  if (what === 0 && victim !== undefined) service.cancel(victim);
  else if (!isBeingTaken) service.create({ jobId, verdict: oneOf(pick, VERDICTS) ?? REFUSED });
  notifications.push(...service.notifications());
}

function misfortune(walk: Walk): void {
  const { gateway, pick } = walk;
  const what = pick(8);
  const end: End = pick(2) === 0 ? 'killed' : 'power lost';
  lose(walk);
  if (what === 0) gateway.failJournal();
  else if (what === 1) gateway.restart(end, { loseJournal: true });
  else if (what <= 3) gateway.cutAfterJournal(end);
  else if (what <= 5) gateway.tell({ type: 'shutdownRequested', mode: what === 4 ? 'wait' : 'stop' });
  else gateway.restart(end);
}

function notify({ gateway, pick, notifications }: Walk): void {
  // Late, out of order, or never.
  const [notification] = notifications.splice(pick(Math.max(1, notifications.length)), 1);
  if (notification !== undefined && pick(4) !== 0) gateway.tell({ type: 'notified', notification });
}

function takeStep(walk: Walk): void {
  const { gateway, pick } = walk;
  const what = pick(46);
  if (what < 8) serve(walk);
  else if (what < 16) answer(walk);
  else if (what < 21) endRun(walk);
  else if (what < 24) progress(walk);
  else if (what < 28) fireTimer(walk);
  else if (what < 31) changeQueue(walk);
  else if (what < 35) notify(walk);
  else if (what < 36) misfortune(walk);
  else if (what < 37) disconnect(walk);
  else if (what < 40) reboot(walk);
  else if (what < 42) end(walk);
  else gateway.tell({ type: 'connected' });
}

/** An agent that was asked to end does so when it can, and is started again. */
function end({ gateway }: Walk): void {
  const { state } = gateway;
  if ((state.shutdown !== null || !state.journalUsable) && isQuiet(state)) gateway.restart('killed');
}

/** All is well again: the network answers, handlers end, timers fire. */
function settle({ gateway, service, pick }: Walk): void {
  gateway.restart('power lost');
  gateway.tell({ type: 'connected' });
  const isSettled = () => gateway.inFlight.length === 0 && Object.keys(gateway.state.executions).length === 0;
  for (let round = 0; round < 60; round += 1) {
    for (const { requestId, request } of gateway.inFlight.splice(0)) {
      deliver(gateway, requestId, service.answer(request));
    }
    if (gateway.isRebootAsked) {
      gateway.restart('power lost');
      gateway.tell({ type: 'connected' });
    }
    for (const run of [...gateway.running.values()]) {
      gateway.endRun(run, round < 15 ? (oneOf(pick, RESULTS) ?? SUCCEEDED) : SUCCEEDED);
    }
    if (round > 40 && isSettled()) return;
    for (const [name, timer] of [...gateway.timers]) {
      // The restart comes in time.
      if (timer.name === 'reboot') continue;
      gateway.timers.delete(name);
      gateway.tell({ type: 'timerFired', timer });
    }
  }
  throw new Error(`not settled: ${JSON.stringify(gateway.state)}`);
}

function checkEnd({ gateway, service }: Walk, settings: CoreSettings): void {
  const isShared = settings.unknownOperation === 'leave';
  for (const execution of service.all) {
    const { id, status, told, verdict, gone } = execution;
    const runs = gateway.started.filter((run) => run.id === id);
    const mayStay = isShared && (verdict.kind === 'unknown-operation' || gateway.forgotten.has(id));
    if (!gone && !mayStay) expect(isTerminal(status), `${id} is ${status}`).toBe(true);
    // I3: exactly once, by us or by the service.
    expect(told.length, id).toBeLessThanOrEqual(1);
    if (told[0] === 'SUCCEEDED') expect(runs.length, `${id} was told SUCCEEDED`).toBeGreaterThan(0);
    if (verdict.kind !== 'run') {
      expect(runs).toEqual([]);
      continue;
    }
    // I2: once, unless the author of the handler said otherwise.
    verdict.plan.steps.forEach(({ onInterrupted }, index) => {
      const works = runs.filter(({ stepIndex, purpose }) => stepIndex === index && purpose === 'work');
      const unasked = works.filter((_, at) => at > 0 && works[at - 1]?.end !== 'later');
      if (onInterrupted === 'fail') expect(unasked, `${id}, step ${index}`).toEqual([]);
    });
    if (told[0] === 'SUCCEEDED') checkRestarts(id, runs, verdict.plan.steps);
  }
}

/** A step that asked for a restart was done only in another boot, and only if its handler agreed where it can. */
function checkRestarts(id: string, runs: readonly Run[], steps: readonly ReviewedStep[]): void {
  steps.forEach(({ verifies, ignoreFailure }, index) => {
    const last = runs.filter(({ stepIndex, purpose }) => stepIndex === index && purpose !== 'clean-up').at(-1);
    const asked = runs.find(({ stepIndex, end }) => stepIndex === index && end === 'reboot');
    if (asked === undefined || ignoreFailure) return;
    if (verifies) expect(last, `${id}, step ${index}`).toMatchObject({ end: 'succeeded' });
    if (last?.purpose === 'verify') expect(last.boot, `${id}, step ${index}`).toBeGreaterThan(asked.boot);
  });
}

function walk(seed: number, settings: CoreSettings): Walk {
  const service = createSimulatedService();
  const gateway = createSimulatedGateway(service, settings);
  const pick = createPick(seed);
  const started: Walk = { pick, service, gateway, notifications: [] };
  for (let index = 0; index < STEPS; index += 1) takeStep(started);
  settle(started);
  checkEnd(started, settings);
  return started;
}

describe.each([
  ['one at a time', SETTINGS, 5],
  ['two at a time', { ...SETTINGS, capacity: 2 }, 5],
  ['one at a time, the thing shared', { ...SETTINGS, unknownOperation: 'leave' }, 5],
  ['one at a time, with a step timer', { ...SETTINGS, stepTimeoutMinutes: 5 }, 5],
  ['three at a time, the thing shared', { ...SETTINGS, capacity: 3, unknownOperation: 'leave' }, 5],
] as const)('%s', (_, settings, share) => {
  test('every job is told once and no handler runs twice unasked', () => {
    const runs: Run[] = [];
    for (let seed = 0; seed < WALKS / share; seed += 1) {
      try {
        runs.push(...walk(seed, settings).gateway.started);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
    expect(runs.length).toBeGreaterThan(WALKS / share);
    // The walks came to what they are for.
    const seen = new Set(runs.map(({ purpose, end }) => `${purpose} ${end}`));
    for (const one of ['work later', 'work reboot', 'verify reboot', 'verify succeeded', 'clean-up succeeded']) {
      expect(seen, one).toContain(one);
    }
  });
});
