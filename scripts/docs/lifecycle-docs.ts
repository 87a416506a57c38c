/** The lifecycle of a job execution, as text: what the phases are, and the core's own table of rejections. */
import { ANSWER_RULES, type AnswerRule } from '../../agent/core/answer-rules.ts';
import { REJECTION_MEANINGS, type RejectionMeaning } from '../../agent/core/rejection.ts';
import type { RequestPurpose } from '../../agent/core/state.ts';
import { renderTable } from './markdown-table.ts';

const PURPOSES: Readonly<Record<RequestPurpose['kind'], string>> = {
  claim: 'StartNextPendingJobExecution: is there work?',
  list: 'GetPendingJobExecutions: what is there to choose from?',
  check: 'DescribeJobExecution: is it still ours, and which version is it?',
  take: 'UpdateJobExecution to IN_PROGRESS, of an execution we chose',
  progress: 'UpdateJobExecution while it runs',
  report: 'UpdateJobExecution to SUCCEEDED, FAILED or REJECTED',
};

const RULES: Readonly<Record<AnswerRule, string>> = {
  retry: 'again later',
  end: 'it is over: stop the run if there is one, report nothing',
  adopt: 'describe it, take its version, go on',
  plain: 'again later, with a plain reason instead of the details',
  forget: 'nothing: the next one will do',
  leave: 'leave it: it is not ours',
};

const MEANINGS: Readonly<Record<RejectionMeaning, string>> = {
  retry: 'not now',
  over: 'it is over',
  stale: 'another version or status',
  malformed: 'cannot be read',
};

/** What the core and its shell keep true whatever happens; comments and decisions call them by these names. */
const INVARIANTS: readonly (readonly [name: string, promise: string])[] = [
  [
    'I1 journal-first',
    'Nothing that is seen outside (a run, a published status) happens before the state that explains it is on disk and synced. The one exception: FAILED is told when the disk is dead',
  ],
  [
    'I2 once',
    'An execution is run at most once, unless its handler’s author declared `onInterrupted: rerun` or `resume`',
  ],
  [
    'I3 told',
    'An execution that was begun ends with exactly one accepted terminal update, or with the service’s own word that it is over, however many restarts, outages and lost replies lie between',
  ],
  [
    'I4 versioned',
    'Every update carries `expectedVersion` and `executionNumber`. VersionMismatch means: describe, compare, decide. Our own update that landed unheard is recognised as ours',
  ],
  ['I5 confirmed', 'A handler starts only after the service accepted IN_PROGRESS'],
  [
    'I6 stoppable',
    'The handler of an execution that is cancelled, removed, timed out or deleted is stopped with its whole process tree: SIGTERM, a grace, SIGKILL',
  ],
  [
    'I7 unblockable',
    'No document, message, output, local request or clock can crash or hang the agent, or keep the next job from running. A bad message is ignored; a bad document is REJECTED with a reason',
  ],
  [
    'I8 bounded',
    'Memory, disk, log lines, requests a minute and bytes on the wire have ceilings, whatever a handler prints or a cloud sends',
  ],
  ['I9 quiet', 'Secrets (keys, queries of pre-signed URLs, tokens, environment) reach no log and no status detail'],
];

export function renderLifecyclePage(): string {
  return `# The lifecycle of a job execution

<!-- Made by \`npm run docs\` from agent/core/answer-rules.ts and agent/core/rejection.ts. -->

What follows from what is decided in [agent/core/decide.ts](../agent/core/decide.ts), a pure function of the state and one
event. Each change of phase is a record in the journal, on disk before anything else is done about it.

| Phase | In the cloud | What it means | Leaves when |
| --- | --- | --- | --- |
| \`claiming\` | QUEUED | chosen by us; only where a job may be left to another agent | IN_PROGRESS is accepted; or it is refused, or left |
| \`running\` | IN_PROGRESS | the handler of a step runs | the step ends; or it is cancelled, over its time limit, or the agent stops |
| \`stopping\` | as it was | the process tree is being ended; the first reason counts, but that the service ended it outdoes it | nothing of it is left |
| \`waiting\` | IN_PROGRESS | interrupted, and its handler may run again | the service said that it is still ours |
| \`reporting\` | IN_PROGRESS | the outcome is on disk, and is told | the service accepted it, or says that it is over |
| \`closed\` | terminal | kept to recognise it | never |

## After a start

| The journal says | Then |
| --- | --- |
| \`running\`, handler declared \`onInterrupted: fail\` (the default) | FAILED with \`INTERRUPTED\` |
| \`running\`, handler declared \`rerun\` or \`resume\` | described, and if it is still ours run again; at most three times |
| \`stopping\`, over its time limit | FAILED with \`STEP_TIMED_OUT\` |
| \`stopping\`, cancelled | described; closed when the service confirms it |
| \`reporting\` | described, then told again |
| nothing, and the service hands it out as in progress | begun, if our own claim put it there; else FAILED with \`STATE_LOST\` |

Processes that an earlier agent left running are ended before any of this.

## What is always true

The invariants. A test walks every order of events to a stated depth and checks them; the sources name them where they are
kept.

${renderTable(['Invariant', 'Promise'], INVARIANTS)}
## When the service says no

The code of a rejection has a meaning; what follows depends on what was asked. No answer at all is treated as "not now", and
an update that may have landed unheard is recognised when the service names the version and status it has.

${renderTable(
  ['Code', 'Meaning'],
  Object.entries(REJECTION_MEANINGS).map(([code, meaning]) => [code, MEANINGS[meaning]]),
)}
InvalidStateTransition from a terminal status means that it is over. Later is after a random wait that grows to 5 minutes.

${renderTable(
  ['Asked', ...Object.values(MEANINGS)],
  Object.entries(ANSWER_RULES).map(([purpose, rules]) => [
    PURPOSES[purpose as RequestPurpose['kind']],
    ...(Object.keys(MEANINGS) as RejectionMeaning[]).map((meaning) => RULES[rules[meaning]]),
  ]),
)}`;
}
