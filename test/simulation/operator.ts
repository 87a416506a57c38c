/** Whoever makes jobs, and whatever is done to them and to the world: a plan carried out. */
import type { Execution } from '../../local-cloud/jobs-service/state.ts';
import type { Draw } from './draw.ts';
import { drawScript } from './draw-script.ts';
import type { OperatorFault, PlannedFault } from './fault-plan.ts';
import type { Gateway } from './gateway.ts';
import type { History } from './history.ts';
import { hostileMessages } from './hostile-messages.ts';
import type { Scheduler } from './scheduler.ts';
import { idOf, type SimulatedCloud } from './simulated-cloud.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedHandlers } from './simulated-handlers.ts';
import { GRANTED, MAX_LATE_MS, type SimulatedLink } from './simulated-link.ts';

export interface Operator {
  createJobs(count: number, horizonMs: number): void;
  carryOut(plan: readonly PlannedFault[]): void;
}

export interface OperatorOptions {
  readonly scheduler: Scheduler;
  readonly draw: Draw;
  readonly history: History;
  readonly cloud: SimulatedCloud;
  readonly link: SimulatedLink;
  readonly disk: SimulatedDisk;
  readonly handlers: SimulatedHandlers;
  readonly gateway: Gateway;
  /** Whether what nobody here handles is left to another agent. */
  readonly isShared: boolean;
}

/** As the history names it. */
export const JOURNAL_LOST = 'journal lost';

/** GetPending lists ten: more left ones than this would hide what is ours. */
const MAX_UNKNOWN = 3;
/** So long another client keeps what it has taken. */
const OTHERS_WORK_MS = 20 * 60_000;

export function createOperator(options: OperatorOptions): Operator {
  const { scheduler, draw, history } = options;
  let jobs = 0;
  let unknown = 0;

  function create(): void {
    jobs += 1;
    const script = drawScript(draw);
    if (script.verdict === 'unknown') unknown += 1;
    const isTooMany = options.isShared && unknown > MAX_UNKNOWN;
    options.cloud.createJob(`job-${jobs}`, isTooMany ? { ...script, verdict: 'run' } : script);
  }

  return {
    createJobs(count, horizonMs) {
      let left = count;
      while (left > 0) {
        const together = Math.min(left, draw.chance(0.8) ? 1 : draw.between(2, 12));
        const atMs = draw.below(horizonMs);
        for (let index = 0; index < together; index += 1) scheduler.after(atMs, create);
        left -= together;
      }
    },
    carryOut(plan) {
      for (const fault of plan) {
        scheduler.after(fault.atMs, () => {
          history.note({ what: 'fault', name: fault.name });
          happen(fault, options);
        });
      }
    },
  };
}

type FaultNamed<Name extends PlannedFault['name']> = Extract<PlannedFault, { name: Name }>;
type WorldFault = Exclude<PlannedFault['name'], OperatorFault>;
type Doers = { [Name in WorldFault]: (fault: FaultNamed<Name>, options: OperatorOptions) => void };

/** What is done to the world; to a job see `JOB_DOERS`. */
const DOERS: Doers = {
  disconnect: (_, { link }) => link.cut('CLOSED_BY_BROKER'),
  'half-open link': (_, { link }) => link.goSilent(),
  outage: ({ code, forMs }, { link, scheduler }) => {
    link.refuse(code);
    link.cut('CLOSED_BY_BROKER');
    scheduler.after(forMs, () => link.refuse(null));
  },
  'client id kicked': ({ forMs }, { link, scheduler }) => {
    link.kickNewcomers(true);
    link.cut('CLOSED_BY_BROKER');
    scheduler.after(forMs, () => link.kickNewcomers(false));
  },
  'subscription forbidden': ({ verdict, forMs }, { link, scheduler }) => {
    link.answerSubscribes(verdict);
    link.cut('CLOSED_BY_BROKER');
    scheduler.after(forMs, () => link.answerSubscribes(GRANTED));
  },
  'agent killed': (_, { gateway }) => gateway.killAgent(),
  'killed at a call': ({ calls, isDone }, { gateway }) => gateway.doom(calls, isDone, null),
  'power cut at a call': ({ calls, isDone, offMs }, { gateway }) => gateway.doom(calls, isDone, offMs),
  'power cuts in a later step': ({ first, second, isAfterWork }, { gateway, handlers, disk }) =>
    handlers.onNextRun(
      ({ step, stepIndex }) => (isAfterWork ? step.role !== undefined : stepIndex > 0),
      () => {
        gateway.doom(first.calls, first.isDone, first.offMs);
        if (second !== null) disk.onNextWord(() => gateway.doom(second.calls, second.isDone, second.offMs));
      },
    ),
  'power cut': ({ offMs, losesJournal }, { gateway, disk, history }) => {
    if (losesJournal) {
      history.note({ what: 'fault', name: JOURNAL_LOST });
      disk.lose();
    }
    gateway.cutPower(offMs);
  },
  'journal error': (_, { disk }) => disk.failNext(),
  'disk broken': ({ forMs }, { disk, scheduler }) => {
    disk.breakDown();
    scheduler.after(forMs, disk.mend);
  },
  'disk slow': ({ forMs }, { disk, scheduler }) => {
    disk.slowDown(50);
    scheduler.after(forMs, () => disk.slowDown(1));
  },
  shutdown: ({ mode }, { gateway }) => gateway.shutDown(mode),
  'clean-ups fail': (_, { handlers }) => handlers.failCleanUps(2),
  'wall clock jumps': ({ toMs }, { gateway }) => gateway.setWallClock(toMs),
  'junk messages': sendHostile,
  'messages of another thing': sendHostile,
};

function happen(fault: PlannedFault, options: OperatorOptions): void {
  if ('pick' in fault) changeJob(fault, options);
  else (DOERS[fault.name] as (fault: PlannedFault, options: OperatorOptions) => void)(fault, options);
}

function sendHostile(
  fault: FaultNamed<'junk messages' | 'messages of another thing'>,
  { link }: OperatorOptions,
): void {
  for (const { topic, payload } of hostileMessages(fault)) link.deliver(topic, payload, 'notification');
  if (fault.name === 'messages of another thing') link.mimicAnswers(MIMICS);
}

/** Answers of another thing to what we ask. */
const MIMICS = 5;

type JobDoer = (execution: Execution, cloud: SimulatedCloud, options: { scheduler: Scheduler; pick: number }) => void;

const JOB_DOERS: Readonly<Record<OperatorFault, JobDoer>> = {
  'canceled by force': (execution, cloud) => cloud.cancel(execution, true),
  canceled: (execution, cloud) => cloud.cancel(execution, false),
  removed: (execution, cloud) => cloud.remove(execution),
  deleted: ({ job }, cloud) => cloud.deleteJob(job.jobId),
  // AWS deletes in its own time; until then the id is taken. What was on its way to the old one has come by then.
  'deleted and made anew': ({ job }, cloud, { pick }) => cloud.replaceJob(job.jobId, MAX_LATE_MS + 1_000 + pick * 100),
  'updated by another client': (execution, cloud) => cloud.updateByOther(execution, 'IN_PROGRESS', false),
  'details taken by another client': (execution, cloud) => cloud.updateByOther(execution, 'IN_PROGRESS', true),
  'ended by another client': (execution, cloud) => cloud.updateByOther(execution, 'FAILED', true),
  'taken by another client': (execution, cloud, { scheduler }) => {
    cloud.updateByOther(execution, 'IN_PROGRESS', true);
    scheduler.after(OTHERS_WORK_MS, () => {
      if (cloud.pending().includes(execution)) cloud.updateByOther(execution, 'FAILED', true);
    });
  },
};

/** Which status it must have for that; any that is not over when it is not here. */
const STATUSES: Readonly<Partial<Record<OperatorFault, Execution['status']>>> = {
  'updated by another client': 'IN_PROGRESS',
  'details taken by another client': 'IN_PROGRESS',
  'taken by another client': 'QUEUED',
};

function changeJob({ name, pick }: FaultNamed<OperatorFault>, { cloud, scheduler, history }: OperatorOptions): void {
  const wanted = STATUSES[name];
  const candidates = cloud.pending().filter(({ status }) => wanted === undefined || status === wanted);
  const execution = candidates[pick % Math.max(1, candidates.length)];
  if (execution === undefined) return;
  history.note({ what: 'fault', name: `${name}: ${idOf(execution)}` });
  JOB_DOERS[name](execution, cloud, { scheduler, pick });
}
