/** What the core and its shell keep true whatever happens; comments and decisions call them by these names. */
import { type TestLink, testsOf } from './test-link.ts';

export interface Invariant {
  readonly name: string;
  readonly promise: string;
  readonly tests: readonly TestLink[];
}

const exploring = testsOf('core/exploration-exhaustive');
const EXPLORED = exploring('no invariant breaks in any world that can be reached');

export const INVARIANTS: readonly Invariant[] = [
  {
    name: 'I1 journal-first',
    promise:
      'Nothing that is seen outside (a run, a published status, a restart) happens before the state that explains it is on disk and synced. The one exception: FAILED is told when the disk is dead',
    tests: [EXPLORED, testsOf('jobs/loop')('what is journaled is written before anything is performed')],
  },
  {
    name: 'I2 once',
    promise:
      'An execution is run at most once, unless its handler’s author declared `onInterrupted: rerun` or `resume`, the handler asked to be tried later, or it failed and its document has `retries`',
    tests: [
      EXPLORED,
      testsOf('system/device-client-defects-jobs')('D3 a restart in any phase runs no job again'),
      testsOf('system/device-client-defects-jobs')('D3 only a handler declared for it runs again'),
    ],
  },
  {
    name: 'I3 told',
    promise:
      'An execution that was begun ends with exactly one accepted terminal update, or with the service’s own word that it is over, however many restarts, outages and lost replies lie between',
    tests: [EXPLORED, testsOf('system/process-life')('a result that could not be told is told after a restart')],
  },
  {
    name: 'I4 versioned',
    promise:
      'Every update carries `expectedVersion` and `executionNumber`. VersionMismatch means: describe, compare, decide. Our own update that landed unheard is recognised as ours',
    tests: [EXPLORED, testsOf('system/round-trip')('every update on the wire names version, execution and token')],
  },
  {
    name: 'I5 confirmed',
    promise: 'A handler starts only after the service accepted IN_PROGRESS',
    tests: [
      EXPLORED,
      testsOf('system/device-client-defects-jobs')('D4 a job cancelled while it is claimed does not run'),
    ],
  },
  {
    name: 'I6 stoppable',
    promise:
      'The handler of an execution that is cancelled, removed, timed out or deleted is stopped with its whole process tree: SIGTERM, a grace, SIGKILL',
    tests: [
      EXPLORED,
      testsOf('system/handlers')('a handler deaf to TERM is gone after the grace, with its children'),
      testsOf('system/round-trip')('a force-cancelled job is stopped and the next one runs'),
    ],
  },
  {
    name: 'I7 unblockable',
    promise:
      'No document, message, output, local request or clock can crash or hang the agent, or keep the next job from running. A bad message is ignored; a bad document is REJECTED with a reason',
    tests: [
      testsOf('system/hostile-messages')('huge, mistyped and foreign messages do not keep the next job from running'),
      testsOf('system/hostile-messages')('bad documents are REJECTED with path and reason, and the next job runs'),
    ],
  },
  {
    name: 'I8 bounded',
    promise:
      'Memory, disk, log lines, requests a minute and bytes on the wire have ceilings, whatever a handler prints or a cloud sends',
    tests: [
      testsOf('system/device-client-defects-processes')('D6 no length of output kills its handler'),
      testsOf('runs/status-file')('a flood is bounded on disk and in keys'),
    ],
  },
  {
    name: 'I9 quiet',
    promise: 'Secrets (keys, queries of pre-signed URLs, tokens, environment) reach no log and no status detail',
    tests: [testsOf('system/handlers')('secrets of a document reach neither log nor status details')],
  },
];
