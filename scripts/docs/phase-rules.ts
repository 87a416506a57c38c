/** Phases and stops of an execution in words, each with its tests. A new one without words does not compile. */
import type { ClosedRecord } from '../../agent/core/execution-record.ts';
import type { TerminalStatus } from '../../agent/core/job-execution.ts';
import type { StopReason } from '../../agent/core/outcome.ts';
import type { Phase, WaitingReason } from '../../agent/core/state.ts';
import { type TestLink, testsOf } from './test-link.ts';

const choosing = testsOf('core/decide-choosing');
const claiming = testsOf('core/decide-claiming');
const rebooting = testsOf('core/decide-rebooting');
const recovering = testsOf('core/recover');
const asking = testsOf('core/decide-conditions');
const reporting = testsOf('core/decide-reporting');
const running = testsOf('core/decide-running');
const shutdown = testsOf('core/decide-shutdown');
const terminal = testsOf('core/decide-terminal-statuses');
const waiting = testsOf('core/decide-waiting');

export interface PhaseRule {
  readonly inTheCloud: string;
  readonly meaning: string;
  readonly leavesWhen: string;
  readonly tests: readonly TestLink[];
}

export const PHASE_RULES: Readonly<Record<Phase['name'] | ClosedRecord['phase'], PhaseRule>> = {
  claiming: {
    inTheCloud: 'QUEUED',
    meaning: 'chosen by us: where more than one may run, one waits, or a job may be left to another agent',
    leavesWhen: 'IN_PROGRESS is accepted; or it is refused, left, or FAILED where six more looks could not tell',
    tests: [
      choosing('list, describe, journal, take, then run', 'with room for two'),
      testsOf('core/decide-undecided')('fails after six more looks, and is never refused', 'a job that was claimed'),
    ],
  },
  running: {
    inTheCloud: 'IN_PROGRESS',
    meaning:
      'the condition of a step is asked, or its handler runs, verifies after a restart, or cleans up; rollbacks and `finally` are steps like others',
    leavesWhen: 'the step ends; or it is cancelled, over a time limit, or the agent stops',
    tests: [
      claiming('a claimed job is journaled, then started', 'with room for one'),
      running('run one after the other, each journaled first', 'several steps'),
      asking('is asked before it begins, journaled first'),
      testsOf('core/decide-programme')(
        'a failure runs the rollbacks of what had succeeded, the last first, then what always runs',
      ),
    ],
  },
  stopping: {
    inTheCloud: 'as it was',
    meaning:
      'the process tree is being ended; the first reason counts, but that the service ended it outdoes it, and the limit ' +
      'of the job that of the step',
    leavesWhen: 'nothing of it is left',
    tests: [
      running('that is over while the run is being stopped changes nothing', 'a time limit'),
      testsOf('core/decide-limits')(
        'a step that is being stopped for its own limit is not run again, nor passed by, after the job’s: %s',
      ),
      terminal('is ended while %s, and nothing is reported'),
    ],
  },
  waiting: {
    inTheCloud: 'IN_PROGRESS',
    meaning: 'nothing of it runs, and nobody is blocked by it',
    leavesWhen: 'its time has come, there is room, and the service said that it is still ours',
    tests: [
      waiting('lets another job be chosen and run meanwhile', 'a step that asks to be tried later'),
      waiting(
        'is asked about when its time has come, then runs as another attempt',
        'a step that asks to be tried later',
      ),
    ],
  },
  'awaiting-reboot': {
    inTheCloud: 'IN_PROGRESS',
    meaning: 'the gateway is to restart, or to power off; what else runs is let end first, and nothing begins',
    leavesWhen:
      'the agent starts in another boot, of a gateway that was powered off whenever that is; or this boot does not end in time',
    tests: [
      rebooting('is written down with the boot id before the machine is asked', 'a step that asks for a restart'),
      rebooting('is written down with the boot id before the machine is asked', 'a step that asks for a power-off'),
      rebooting('lets nothing begin until the machine has restarted', 'a step that asks for a restart'),
      rebooting('fails when the machine has not restarted in time', 'a step that asks for a restart'),
    ],
  },
  reporting: {
    inTheCloud: 'IN_PROGRESS',
    meaning: 'the outcome is on disk, and is told',
    leavesWhen: 'the service accepted it, or says that it is over',
    tests: [
      reporting('an accepted report closes the execution, and work is asked for'),
      reporting('after the next connect, once it was described', 'a report is told again'),
    ],
  },
  closed: {
    inTheCloud: 'terminal',
    meaning: 'kept to recognise it: the newest 256',
    leavesWhen: 'never',
    tests: [
      recovering('a closed execution is recognised, not run'),
      claiming('is told again, not run again, if it was over before', 'a finished job that is handed out again'),
    ],
  },
};

export interface WrittenRule {
  /** What is the case. */
  readonly when: string;
  /** What the agent does. */
  readonly follows: string;
  readonly tests: readonly TestLink[];
}

export const WAITING_RULES: Readonly<Record<WaitingReason, Omit<WrittenRule, 'when'>>> = {
  interrupted: {
    follows: 'as soon as the service says that it is still ours',
    tests: [shutdown('one that may run again waits for the next start: %s', 'when runs are stopped')],
  },
  postponed: {
    follows:
      'after the time the handler asked for, or after one that grows from a minute to an hour; so many times at most',
    tests: [
      waiting('is written down, then waited for, then told', 'a step that asks to be tried later'),
      waiting('fails when it asks too often, with its reason', 'a step that asks to be tried later'),
    ],
  },
  failed: {
    follows: 'after the time that `retries` of its document says, so many times at most',
    tests: [
      testsOf('core/decide-retries')('is written down, then waited for, then run as another attempt'),
      testsOf('core/decide-retries')('counts on after a restart of the agent'),
    ],
  },
  rebooted: {
    follows: 'as soon as the service says that it is still ours: to verify, or with the next step',
    tests: [rebooting('is followed by the next step of its document', 'a step that asks for a restart')],
  },
  'put-off': {
    follows: 'when there is room, or after the next start: nothing of the step had begun',
    tests: [rebooting('what is claimed meanwhile begins after the restart', 'with another job running')],
  },
};

export const STOP_RULES: Readonly<Record<StopReason, Omit<WrittenRule, 'when'>>> = {
  canceled: {
    follows: 'nothing: the service ended it',
    tests: [terminal('is ended while %s, and nothing is reported')],
  },
  'timed-out': {
    follows: 'FAILED with `STEP_TIMED_OUT`, however the run then ends; the next step where the failure may be ignored',
    tests: [
      running('makes the step STEP_TIMED_OUT however it then ends: $status', 'a time limit'),
      running('whose failure is to be ignored lets the next step run', 'a time limit'),
    ],
  },
  'job-timed-out': {
    follows: 'FAILED with `JOB_TIMED_OUT`; where the limit is the service’s, that may end the job itself first',
    tests: [testsOf('core/decide-limits')('stops the run, and says so where the service does not')],
  },
  shutdown: {
    follows:
      'FAILED with `AGENT_STOPPED`; nothing yet where the handler may run again, which it does after the next start',
    tests: [
      shutdown('one that may not run again is told AGENT_STOPPED: %j', 'when runs are stopped'),
      shutdown('one that may run again waits for the next start: %s', 'when runs are stopped'),
    ],
  },
};

/** Who brings an execution to each terminal status. What the agent then does is the same for all six. */
export const TERMINAL_CAUSES: Readonly<Record<TerminalStatus, string>> = {
  SUCCEEDED: 'our own report that landed unheard; or somebody else who updates executions of this thing',
  FAILED: 'likewise',
  REJECTED: 'likewise',
  TIMED_OUT: 'the service: the time limit of the job, or the step timer where `stepTimeoutInMinutes` is in use',
  CANCELED: 'an operator: the job, or this execution; by force where it was in progress',
  REMOVED: 'an operator: the job was deleted, or the thing left the job’s group',
};

/** What the agent does when it meets any of them, wherever it is. */
export const TERMINAL_RULES: Readonly<Record<'pending' | 'running' | 'stopping' | 'reporting', WrittenRule>> = {
  pending: {
    when: '`claiming`, `waiting`, `awaiting-reboot`',
    follows: 'closed; nothing of it begins any more',
    tests: [
      terminal('is closed while %s, and not run'),
      terminal('a handler that may run again does not when it is over'),
    ],
  },
  running: {
    when: '`running`',
    follows: 'the run is stopped (`canceled`), then closed; nothing is reported, whatever the run ends with',
    tests: [terminal('is ended while %s, and nothing is reported')],
  },
  stopping: {
    when: '`stopping`, whatever for',
    follows: 'closed when nothing of the run is left; nothing is reported, and no further step begins',
    tests: [terminal('is ended while %s, and nothing is reported')],
  },
  reporting: {
    when: '`reporting`',
    follows: 'closed: as told when the status is the one we report, else as ended by the service',
    tests: [terminal('is closed while reporting, as told if it is what we told')],
  },
};

/** How the agent comes to know. */
export const NOTICING_RULES: readonly WrittenRule[] = [
  {
    when: 'it is missing in a notification where it belongs',
    follows: 'described at once',
    tests: [testsOf('core/decide-cancelling')('%s', 'a running job that is missing where it belongs is asked about')],
  },
  {
    when: 'the connection was lost and is there again',
    follows: 'everything that is not over is described, before anything new is taken',
    tests: [testsOf('jobs/jobs-agent')('a cancellation during an outage is found after the next connect')],
  },
  {
    when: 'nothing is heard',
    follows: 'what runs or waits is described every `pollIntervalSeconds`',
    tests: [testsOf('jobs/jobs-agent')('a cancellation that nobody told us of is found by the poll')],
  },
  {
    when: 'an update is refused and names the status',
    follows: 'as if it had been described',
    tests: [terminal('is known by a refused update: %s')],
  },
];
