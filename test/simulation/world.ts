/** One world, from its seed to its end: built, troubled, healed, left until all is over, and written down. */
import { isTerminal } from '../../agent/core/job-execution.ts';
import { createDraw, type Draw, mix } from './draw.ts';
import { drawFaults } from './fault-plan.ts';
import { createGateway, type Gateway, type Sabotage } from './gateway.ts';
import { createHistory, type HistoryEntry } from './history.ts';
import { type ListedStep, listSteps } from './job-script.ts';
import { createOperator } from './operator.ts';
import { createScheduler } from './scheduler.ts';
import { createSimulatedCloud, type SimulatedCloud } from './simulated-cloud.ts';
import { createSimulatedDisk } from './simulated-disk.ts';
import { createSimulatedHandlers } from './simulated-handlers.ts';
import { createSimulatedLink } from './simulated-link.ts';
import { drawSettings, type WorldSettings } from './world-settings.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Which of the seed's worlds. */
  readonly world: number;
  /** A few jobs in a short time, and as many faults as ever. */
  readonly isSmall?: boolean;
  /** For tests of the simulation itself: an agent with a fault. */
  readonly sabotage?: Sabotage;
}

const MINUTE_MS = 60_000;
const LEAST_OFF_MS = 5_000;
const SMALL_MS = 15 * MINUTE_MS;

export async function runWorld({
  seed,
  world,
  isSmall = false,
  sabotage = (options) => options,
}: WorldOptions): Promise<readonly HistoryEntry[]> {
  const draw = createDraw(mix(seed, `world ${world}`));
  const drawn = drawSettings(draw.fork('settings'));
  const settings = isSmall ? { ...drawn, horizonMs: Math.min(drawn.horizonMs, SMALL_MS) } : drawn;
  const parts = build(draw, settings, sabotage);
  const { scheduler, history, operator, gateway } = parts;
  operator.createJobs(isSmall ? draw.between(2, 6) : draw.between(4, 24), settings.horizonMs);
  operator.carryOut(drawFaults(draw.fork('faults'), settings.horizonMs));
  gateway.powerOn();
  await scheduler.run(settings.horizonMs);
  heal(parts);
  await settle(parts);
  await end(parts);
  return history.entries;
}

/** All is over when it still is two polls later: nothing comes back, and nothing is begun anew. */
async function settle(parts: Parts): Promise<void> {
  const { scheduler, history, settings } = parts;
  const boundMs = boundOf(parts);
  history.note({ what: 'healed', boundMs });
  const untilMs = scheduler.nowMs() + boundMs;
  do {
    await scheduler.run(untilMs, () => isOver(parts));
    await scheduler.run(scheduler.nowMs() + 2 * settings.agent.core.pollIntervalMs);
  } while (!isOver(parts) && scheduler.nowMs() < untilMs);
}

type Parts = ReturnType<typeof build>;

function build(draw: Draw, settings: WorldSettings, sabotage: Sabotage) {
  const scheduler = createScheduler();
  const history = createHistory(scheduler.nowMs);
  history.note({ what: 'world', settings });
  const base = { scheduler, history, rates: settings.rates };
  const link = createSimulatedLink({
    ...base,
    draw: draw.fork('link'),
    onRequest: (topic, payload) => cloud.receive(topic, payload),
  });
  const cloud: SimulatedCloud = createSimulatedCloud({ ...base, draw: draw.fork('cloud'), deliver: link.deliver });
  const disk = createSimulatedDisk({ history, draw: draw.fork('disk') });
  const handlers = createSimulatedHandlers({ ...base, draw: draw.fork('handlers') });
  const gateway = createGateway({ ...base, draw: draw.fork('agent'), settings, link, disk, handlers, sabotage });
  const operator = createOperator({
    ...{ scheduler, history, cloud, link, disk, handlers, gateway },
    draw: draw.fork('operator'),
    isShared: settings.agent.core.unknownOperation === 'leave',
  });
  return { scheduler, history, settings, link, cloud, disk, handlers, gateway, operator };
}

function heal({ scheduler, link, cloud, disk, handlers, gateway }: Parts): void {
  link.heal();
  cloud.heal();
  disk.mend();
  handlers.failCleanUps(0);
  handlers.onNextRun(
    () => false,
    () => undefined,
  );
  disk.onNextWord(() => undefined);
  gateway.doom(Infinity, false, null);
  // It may have been switched off a moment ago.
  scheduler.after(LEAST_OFF_MS, gateway.powerOn);
}

/**
 * What is left may take this long: its steps one after the other with all that they ask for, its timers and retries. The
 * longest waits are the agent's own: an hour for a subscription that was forbidden, and then a poll.
 */
function boundOf({ cloud, settings }: Parts): number {
  const left = cloud.pending().map((execution) => {
    const script = cloud.scriptOf(execution);
    const stepsMs = listSteps(script).map((step) => boundOfStep(step, settings));
    return (1 + script.retries) * (stepsMs.reduce((sum, ms) => sum + ms, 0) + 70 * MINUTE_MS);
  });
  return left.reduce((sum, ms) => sum + ms, 180 * MINUTE_MS);
}

/** Of a rollback, or of what always runs, that has no limit of its own (docs/job-documents.md). */
const ENDING_LIMIT_MS = 10 * MINUTE_MS;

function boundOfStep({ script: step, role }: ListedStep, { agent: { core, stopGraceMs } }: WorldSettings): number {
  const limitMs =
    step.timeoutSeconds === null && role !== 'work' ? ENDING_LIMIT_MS : (step.timeoutSeconds ?? 0) * 1_000;
  const runMs = step.runsMs + limitMs + stopGraceMs;
  const laterMs = Math.min(step.postpones, core.maxPostponements) * (runMs + (step.laterMs ?? 60 * MINUTE_MS));
  const restartsMs = Math.min(step.restarts, core.maxReboots) * (runMs + core.rebootLimitMs + 10 * MINUTE_MS);
  const retryMs = (runMs + step.retryDelaySeconds * 1_000 + laterMs + restartsMs) * step.retries;
  return runMs + laterMs + restartsMs + retryMs;
}

function isOver({ cloud, gateway, handlers, settings }: Parts): boolean {
  if (handlers.runsAlive.length > 0 || gateway.agent === null || cloud.due > 0) return false;
  const isLeft = settings.agent.core.unknownOperation === 'leave';
  const open = cloud
    .pending()
    .filter((execution) => !isTerminal(execution.status))
    .filter((execution) => !(isLeft && cloud.scriptOf(execution).verdict === 'unknown'));
  return open.length === 0 && isIdle(gateway);
}

function isIdle({ agent }: Gateway): boolean {
  const status = agent?.status();
  return status?.connection.connected === true && status.executions.length === 0;
}

async function end({ scheduler, history, gateway, handlers }: Parts): Promise<void> {
  const status = gateway.agent?.status();
  history.note({
    what: 'settled',
    isConnected: status?.connection.connected ?? false,
    illness: gateway.agent === null ? 'there is no agent' : gateway.agent.illness(),
    open: status?.executions.map(({ jobId, executionNumber }) => `${jobId}.${executionNumber}`) ?? [],
    runsAlive: [...handlers.runsAlive],
    folders: [...handlers.folders],
  });
  gateway.retire();
  gateway.shutDown('wait');
  await scheduler.run(scheduler.nowMs() + 2 * MINUTE_MS);
}
