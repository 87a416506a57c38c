/** One execution: where it stands, how it came there, and what can be done to it. */
import { isTerminal, JOB_EXECUTION_STATUSES } from '../../../agent/core/job-execution.ts';
import type { ShownChange, ShownExecution } from './cloud-api.ts';
import { confirmed } from './confirm-dialog.ts';
import { type Child, h } from './element.ts';
import { addressOf, facts, link, progressBar, statusBadge, table } from './parts.ts';
import { shownDuration, shownTime } from './shown-time.ts';
import { createView, type View, type ViewContext } from './view.ts';

const MADE_BY: Readonly<Record<string, string>> = {
  device: 'by the device',
  operator: 'by an operator',
  service: 'by the service',
};

export function executionView(context: ViewContext): View {
  const { api, names, announce } = context;
  const [thingName = '', jobId = '', number = ''] = names;
  const path = `executions/${names.map(encodeURIComponent).join('/')}`;
  let announced: string | undefined;
  const view = createView(`${jobId} on ${thingName} #${number}`, {
    draw: async () => {
      const execution = await api.get<ShownExecution>(path);
      const { status, statusDetails, history = [] } = execution;
      if (announced !== undefined && announced !== status) announce(`The execution is ${status}`);
      announced = status;
      return [
        h(
          'p',
          { class: 'headline' },
          statusBadge(status),
          ' ',
          progressBar(statusDetails, 'Progress of the execution'),
        ),
        executionFacts(execution),
        executionActions(execution, context),
        h('h2', {}, 'Status details'),
        detailsTable(statusDetails),
        h('h2', {}, 'Timeline'),
        timeline(history),
      ];
    },
  });
  return {
    ...view,
    concerns: (event) =>
      event.type === 'execution' ? event.jobId === jobId && event.thingName === thingName : event.type === 'operation',
  };
}

function executionFacts(execution: ShownExecution): HTMLElement {
  const { thingName, jobId, executionNumber, versionNumber, queuedAtMs, startedAtMs, lastUpdatedAtMs } = execution;
  return facts([
    ['Thing', link(thingName, 'things', thingName)],
    ['Job', link(jobId, 'jobs', jobId)],
    ['Execution number', executionNumber],
    ['Version', versionNumber],
    ['Queued', shownTime(queuedAtMs)],
    ['Started', startedAtMs !== undefined && shownTime(startedAtMs)],
    ['Last change', shownTime(lastUpdatedAtMs)],
    ['Times out', execution.timesOutAtMs !== undefined && shownTime(execution.timesOutAtMs)],
    ['Cancelled', execution.status === 'CANCELED' && (execution.forceCanceled ? 'by force' : 'not by force')],
  ]);
}

function detailsTable(statusDetails: Readonly<Record<string, string>>): HTMLElement {
  return table({
    caption: 'What the device reported last',
    items: Object.entries(statusDetails),
    keyOf: ([key]) => key,
    empty: 'No details were reported.',
    columns: [
      { name: 'Name', cell: ([key]) => key },
      { name: 'Value', cell: ([, value]) => h('span', { class: 'value' }, value) },
    ],
  });
}

/** Oldest first. What a change changed in the details stands with it. */
function timeline(history: readonly ShownChange[]): HTMLElement {
  return h(
    'ol',
    { class: 'timeline' },
    ...history.map((change, index) => {
      const before = history[index - 1];
      return h(
        'li',
        { 'data-key': `${change.versionNumber}-${change.atMs}` },
        h(
          'p',
          {},
          statusBadge(change.status),
          ' ',
          shownTime(change.atMs),
          h(
            'span',
            { class: 'hint' },
            [
              ` ${MADE_BY[change.by] ?? change.by}, version ${change.versionNumber}`,
              before ? `, ${shownDuration(change.atMs - before.atMs)} later` : '',
            ].join(''),
          ),
        ),
        changedDetails(change, before),
      );
    }),
  );
}

function changedDetails(change: ShownChange, before: ShownChange | undefined): Child {
  const changed = Object.entries(change.statusDetails).filter(([key, value]) => before?.statusDetails[key] !== value);
  if (changed.length === 0) return null;
  return h('ul', {}, ...changed.map(([key, value]) => h('li', {}, h('span', { class: 'value' }, `${key}: ${value}`))));
}

function executionActions(execution: ShownExecution, context: ViewContext): HTMLElement {
  const status = JOB_EXECUTION_STATUSES.find((known) => known === execution.status);
  const isOver = status !== undefined && isTerminal(status);
  const button = (text: string, onclick: () => Promise<void>) =>
    h('button', { type: 'button', 'data-key': text, onclick }, text);
  return h(
    'div',
    { class: 'actions' },
    status === 'QUEUED' && button('Cancel…', () => cancelExecution(execution, false, context)),
    status === 'IN_PROGRESS' && button('Cancel by force…', () => cancelExecution(execution, true, context)),
    button('Delete…', () => deleteExecution(execution, { isOver }, context)),
  );
}

async function cancelExecution(execution: ShownExecution, force: boolean, { api, act }: ViewContext): Promise<void> {
  const { jobId, thingName } = execution;
  const answer = await confirmed({
    title: `Cancel the execution of ${jobId} on ${thingName}${force ? ' by force' : ''}?`,
    consequences: [
      force
        ? 'It becomes CANCELED whatever the device is doing. The device is not told how to stop; what it reports later is refused.'
        : 'It becomes CANCELED. The device has not begun it.',
      'Other executions of the job stay as they are.',
    ],
    confirm: force ? 'Cancel it by force' : 'Cancel it',
    keep: 'Keep it',
  });
  if (!answer) return;
  await act(async () => {
    await api.call('CancelJobExecution', { jobId, thingName, force });
    return `The execution of ${jobId} on ${thingName} was cancelled.`;
  });
}

async function deleteExecution(
  execution: ShownExecution,
  { isOver }: { isOver: boolean },
  { api, act, goTo }: ViewContext,
): Promise<void> {
  const { jobId, thingName, executionNumber } = execution;
  const answer = await confirmed({
    title: `Delete the execution of ${jobId} on ${thingName}?`,
    consequences: [
      'It is gone for good, with its history.',
      isOver ? 'It is over.' : 'It is not over: what the device still reports about it is refused.',
    ],
    confirm: 'Delete it',
    keep: 'Keep it',
  });
  if (!answer) return;
  await act(async () => {
    const force = execution.status === 'IN_PROGRESS';
    await api.call('DeleteJobExecution', { jobId, thingName, executionNumber, force });
    goTo(addressOf('jobs', jobId));
    return `The execution of ${jobId} on ${thingName} was deleted.`;
  });
}
