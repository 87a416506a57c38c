/** What the agent does with an execution after a start, in words, each with its tests. A new phase without words does not compile. */
import type { ClosedRecord, LivePhase } from '../../agent/core/execution-record.ts';
import type { WrittenRule } from './phase-rules.ts';
import { testsOf } from './test-link.ts';

const choosing = testsOf('core/decide-choosing');
const claiming = testsOf('core/decide-claiming');
const rebooting = testsOf('core/decide-rebooting');
const recovering = testsOf('core/recover');
const asking = testsOf('core/decide-conditions');
const goingOn = testsOf('core/going-on');
const WORD_CUT_OFF = 'power lost between that word and the record of the start';

/** What the last record of the journal means at a start of the agent. */
export const START_RULES: Readonly<Record<LivePhase['phase'] | ClosedRecord['phase'], readonly WrittenRule[]>> = {
  claiming: [
    {
      when: 'of our own claim',
      follows: 'described; begun if it is ours or still queued',
      tests: [recovering('a claim that was never begun begins')],
    },
  ],
  running: [
    {
      when: 'handler declared `onInterrupted: fail` (the default)',
      follows:
        'FAILED with `INTERRUPTED`; where the handler can clean up, that runs first, and before the end is told rollbacks and `finally`',
      tests: [
        testsOf('core/decide-programme')(
          'in the work: what had succeeded is rolled back after the next start, once it is known to be ours',
          'power is lost',
        ),
        recovering('is told INTERRUPTED and not run again, journaled first', 'a run that was interrupted'),
      ],
    },
    {
      when: 'handler declared `rerun` or `resume`',
      follows: 'described, and if it is still ours run again; at most three times',
      tests: [
        recovering('runs again if its author said %s and it is still ours', 'a run that was interrupted'),
        recovering('is failed after too many recoveries', 'a run that was interrupted'),
      ],
    },
    {
      when: 'it verified after a restart',
      follows: 'verifies again',
      tests: [rebooting('verifies again when that was interrupted', 'a handler that verifies')],
    },
  ],
  stopping: [
    {
      when: 'over a time limit',
      follows: 'FAILED with `STEP_TIMED_OUT` or `JOB_TIMED_OUT`; a question that took too long is asked again',
      tests: [
        recovering('for its time limit is told STEP_TIMED_OUT', 'a run that was being stopped'),
        asking('when its minute was over is asked again as well, and not for ever', 'that was interrupted'),
      ],
    },
    {
      when: 'cancelled',
      follows: 'described; closed when the service confirms it',
      tests: [recovering('for a cancellation is asked about, and closed', 'a run that was being stopped')],
    },
    {
      when: 'for a shutdown',
      follows: 'as `running`',
      tests: [
        recovering('for a shutdown is told INTERRUPTED', 'a run that was being stopped'),
        recovering('for a shutdown may run again', 'a run that was being stopped'),
      ],
    },
  ],
  waiting: [
    {
      when: 'for a time, or for this start',
      follows: 'waited for anew, then described; it goes on if it is still ours',
      tests: [recovering('a step that waited for this start begins')],
    },
    {
      when: 'the service may have been told, in an earlier boot, which step begins',
      follows: 'as if that step had been interrupted, if it was told; else it is told now',
      tests: [
        goingOn('costs the step that was to begin, and nothing else', WORD_CUT_OFF),
        goingOn('costs nothing where the word never came', WORD_CUT_OFF),
      ],
    },
    {
      when: 'nothing of a word that the service has',
      follows: 'FAILED with `STATE_LOST`: the card has forgotten what was written last',
      tests: [goingOn('is forgotten by a card that lies: then nothing is begun', WORD_CUT_OFF)],
    },
  ],
  'awaiting-reboot': [
    {
      when: 'another boot id',
      follows:
        'the restart has happened, or the gateway is on again: the step counts as done, if its handler’s own check agrees where there is one',
      tests: [
        rebooting('succeeds in another boot, with both boot ids', 'a step that asks for a restart'),
        rebooting('succeeds when the gateway is on again', 'a step that asks for a power-off'),
        rebooting('is asked after the restart whether it worked', 'a handler that verifies'),
      ],
    },
    {
      when: 'the same boot id',
      follows: 'asked for again; after three such starts FAILED with `REBOOT_FAILED`, or `POWER_OFF_FAILED`',
      tests: [
        rebooting('asks again after a start in the same boot', 'a step that asks for a restart'),
        rebooting('fails when starts in the same boot do not end', 'a step that asks for a restart'),
        rebooting(
          'asks again after a start in the same boot, and fails when such starts do not end',
          'a step that asks for a power-off',
        ),
      ],
    },
  ],
  reporting: [
    {
      when: 'whatever the outcome',
      follows: 'described, then told again',
      tests: [recovering('an outcome that was not told is told')],
    },
  ],
  closed: [
    {
      when: 'for ever',
      follows: 'nothing',
      tests: [recovering('a closed execution is recognised, not run')],
    },
  ],
};

/** Nothing in the journal, and the service hands it out as in progress. */
export const UNKNOWN_RULES: readonly WrittenRule[] = [
  {
    when: 'our own claim of this boot put it there',
    follows: 'begun',
    tests: [choosing('that landed unheard is recognised as ours, and the job begins', 'an update to IN_PROGRESS')],
  },
  {
    when: 'anything else',
    follows: 'FAILED with `STATE_LOST`; never run',
    tests: [
      claiming('is told STATE_LOST and not run: %s', 'a job in progress that our journal does not know'),
      choosing('a job in progress that our journal does not know is told STATE_LOST', 'with room for two'),
    ],
  },
];
