/** The lifecycle of a job execution, as text: each rule with the tests that hold it, and the core's own tables. */
import { ANSWER_RULES } from '../../agent/core/answer-rules.ts';
import { REJECTION_MEANINGS, type RejectionMeaning } from '../../agent/core/rejection.ts';
import { INVARIANTS } from './invariants.ts';
import { renderTable } from './markdown-table.ts';
import {
  NOTICING_RULES,
  PHASE_RULES,
  STOP_RULES,
  TERMINAL_CAUSES,
  TERMINAL_RULES,
  WAITING_RULES,
  type WrittenRule,
} from './phase-rules.ts';
import { ANSWERS, MEANINGS, REJECTION_RULES, REQUEST_RULES, TABLE_TESTS } from './rejection-rules.ts';
import { START_RULES, UNKNOWN_RULES } from './start-rules.ts';
import { renderTestLinks, type TestLink } from './test-link.ts';

export function renderLifecyclePage(): string {
  return `# The lifecycle of a job execution

<!-- Made by \`npm run docs\` from agent/core and scripts/docs/*-rules.ts. -->

What follows from what is decided in [agent/core/decide.ts](../agent/core/decide.ts), a pure function of the state and one
event. Each change of phase is a record in the journal, on disk before anything else is done about it. Each rule names the
tests that hold it; \`%s\` and the like in a title stand for each of several cases. [testing.md](testing.md) has the rest.

## Phases

${phases()}
What waits goes on:

${renderTable(['It waits because it was', 'It goes on', 'Tests'], byName(WAITING_RULES))}
A run is stopped for one of these reasons:

${renderTable(['Reason', 'What is told', 'Tests'], byName(STOP_RULES))}
## After a start

${renderTable(['The journal says', 'And', 'Then', 'Tests'], startRows())}
Processes that an earlier agent left running are ended before any of this.

## When the service says that it is over

Six statuses are terminal: nobody can change them any more.

${renderTable(['Status', 'Who set it'], Object.entries(TERMINAL_CAUSES))}
What the agent does is the same for all six, and depends on where it is:

${renderTable(['The execution is', 'Then', 'Tests'], Object.values(TERMINAL_RULES).map(ruleRow))}
Cancelling has no message of its own. The agent learns of it so:

${renderTable(['When', 'The execution is', 'Tests'], NOTICING_RULES.map(ruleRow))}
Where the job id and number of a deleted execution were used again, the time it was queued tells the two apart: the old one is
over.

## What is always true

The invariants. A test walks every order of events to a stated depth and checks the first six; the sources name them where
they are kept.

${renderTable(
  ['Invariant', 'Promise', 'Tests'],
  INVARIANTS.map(({ name, promise, tests }) => [name, promise, renderTestLinks(tests)]),
)}
## When the service says no

The code of a rejection has a meaning; what follows depends on what was asked. No answer at all is treated as "not now", and
an update that may have landed unheard is recognised when the service names the version and status it has.

${renderTable(['Code', 'Sent when', 'Meaning', 'Tests'], rejections())}
InvalidStateTransition from a terminal status means that it is over. Later is after a random wait that grows to 5 minutes.

${renderTable(['Asked', ...Object.values(MEANINGS), 'Tests'], answers())}
The whole table: ${renderTestLinks(TABLE_TESTS).replaceAll('<br>', '; ')}.
`;
}

/** Every test that the page names. */
export function lifecycleTestLinks(): readonly TestLink[] {
  const rules: readonly { readonly tests: readonly TestLink[] }[] = [
    ...INVARIANTS,
    ...Object.values(PHASE_RULES),
    ...Object.values(START_RULES).flat(),
    ...UNKNOWN_RULES,
    ...Object.values(WAITING_RULES),
    ...Object.values(STOP_RULES),
    ...Object.values(TERMINAL_RULES),
    ...NOTICING_RULES,
    ...Object.values(REJECTION_RULES),
    ...Object.values(REQUEST_RULES),
    { tests: TABLE_TESTS },
  ];
  return rules.flatMap(({ tests }) => tests);
}

function phases(): string {
  return renderTable(
    ['Phase', 'In the cloud', 'What it means', 'Leaves when', 'Tests'],
    Object.entries(PHASE_RULES).map(([name, { inTheCloud, meaning, leavesWhen, tests }]) => [
      `\`${name}\``,
      inTheCloud,
      meaning,
      leavesWhen,
      renderTestLinks(tests),
    ]),
  );
}

function startRows(): readonly (readonly string[])[] {
  const known = Object.entries(START_RULES).flatMap(([phase, rules]) =>
    rules.map((rule) => [`\`${phase}\``, ...ruleRow(rule)]),
  );
  const unknown = UNKNOWN_RULES.map((rule) => [
    'nothing, and the service hands it out as in progress',
    ...ruleRow(rule),
  ]);
  return [...known, ...unknown];
}

function rejections(): readonly (readonly string[])[] {
  return Object.entries(REJECTION_MEANINGS).map(([code, meaning]) => {
    const { comes, tests } = REJECTION_RULES[code as keyof typeof REJECTION_MEANINGS];
    return [code, comes, MEANINGS[meaning], renderTestLinks(tests)];
  });
}

function answers(): readonly (readonly string[])[] {
  const meanings = Object.keys(MEANINGS) as RejectionMeaning[];
  return Object.entries(ANSWER_RULES).map(([purpose, rules]) => {
    const { asked, tests } = REQUEST_RULES[purpose as keyof typeof ANSWER_RULES];
    return [asked, ...meanings.map((meaning) => ANSWERS[rules[meaning]]), renderTestLinks(tests)];
  });
}

function byName(rules: Readonly<Record<string, Omit<WrittenRule, 'when'>>>): readonly (readonly string[])[] {
  return Object.entries(rules).map(([name, { follows, tests }]) => [`\`${name}\``, follows, renderTestLinks(tests)]);
}

function ruleRow({ when, follows, tests }: WrittenRule): readonly string[] {
  return [when, follows, renderTestLinks(tests)];
}
