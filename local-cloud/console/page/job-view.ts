/** One job: what it is, its executions, and what can be done to it. */
import { ApiError, type CloudApi, type ShownJob } from './cloud-api.ts';
import { type Confirmation, confirmed } from './confirm-dialog.ts';
import { type Child, h } from './element.ts';
import { executionFilter, executionTable } from './execution-table.ts';
import { addressOf, counted, countsText, facts, link, statusBadge } from './parts.ts';
import { shownTime } from './shown-time.ts';
import { createView, type View, type ViewContext } from './view.ts';

/** API reference, CancelJob: `comment`. */
const MAX_COMMENT_LENGTH = 2028;

export function jobView(context: ViewContext): View {
  const { api } = context;
  const [jobId = ''] = context.names;
  const view = createView(`Job ${jobId}`, {
    draw: async () => {
      const job = await api.get<ShownJob>(`jobs/${encodeURIComponent(jobId)}`);
      return [
        jobFacts(job),
        jobActions(job, context),
        await documentOf(api, jobId),
        await descriptionOf(api, jobId),
        h('h2', {}, 'Executions'),
        executionFilter(context),
        ...(await executionTable(context, { jobId, address: addressOf('jobs', jobId) })),
      ];
    },
  });
  return {
    ...view,
    concerns: (event) => (event.type === 'execution' ? event.jobId === jobId : event.type === 'operation'),
  };
}

function jobFacts(job: ShownJob): HTMLElement {
  const hidden = job.targetCount - job.targets.length;
  return facts([
    ['Status', statusBadge(job.status)],
    ['Executions', countsText(job.executionCounts)],
    ['Description', job.description],
    ['Target selection', job.targetSelection],
    [
      job.targetCount === 1 ? 'Target' : `${job.targetCount} targets`,
      h('span', {}, ...job.targets.flatMap((arn) => [targetName(arn), ' ']), hidden > 0 && `and ${hidden} more`),
    ],
    ['Cancelled', job.status === 'CANCELED' && (job.forceCanceled ? 'by force' : 'not by force')],
    ['Reason code', job.reasonCode],
    ['Comment', job.comment],
    ['Created', shownTime(job.createdAtMs)],
    ['Last change', shownTime(job.lastUpdatedAtMs)],
    ['Completed', job.completedAtMs !== undefined && shownTime(job.completedAtMs)],
  ]);
}

function targetName(arn: string): Child {
  const [, kind, name = ''] = /:(thing|thinggroup)\/(.+)$/.exec(arn) ?? [];
  if (kind === 'thing') return link(name, 'things', name);
  return kind === undefined ? arn : `group ${name}`;
}

/** A job made from `documentSource` may have none here. */
async function documentOf(api: CloudApi, jobId: string): Promise<Child> {
  try {
    const { document = '' } = await api.call<{ document?: string }>('GetJobDocument', { jobId });
    return h(
      'details',
      {},
      h('summary', {}, `Job document (${document.length.toLocaleString('en')} characters)`),
      h('pre', { tabindex: 0, role: 'region', 'aria-label': 'Job document' }, document),
    );
  } catch (error) {
    if (error instanceof ApiError && error.httpStatus >= 400) return null;
    throw error;
  }
}

/** What AWS's tools would be told: rollout, retries, schedule and all the rest. */
async function descriptionOf(api: CloudApi, jobId: string): Promise<Child> {
  const { job } = await api.call<{ job: object }>('DescribeJob', { jobId });
  return h(
    'details',
    {},
    h('summary', {}, 'Everything that DescribeJob says'),
    h('pre', { tabindex: 0, role: 'region', 'aria-label': 'DescribeJob' }, JSON.stringify(job, null, 2)),
  );
}

function jobActions(job: ShownJob, context: ViewContext): HTMLElement {
  const isOver = job.status === 'COMPLETED' || job.status === 'CANCELED';
  const isCancelable = job.status === 'IN_PROGRESS' || job.status === 'SCHEDULED' || hasRunning(job);
  const button = (text: string, onclick: () => Promise<void>) =>
    h('button', { type: 'button', 'data-key': text, onclick }, text);
  return h(
    'div',
    { class: 'actions' },
    !isOver && button('Cancel…', () => cancelJob(job, false, context)),
    isCancelable && button('Cancel by force…', () => cancelJob(job, true, context)),
    job.status !== 'DELETION_IN_PROGRESS' && button('Delete…', () => deleteJob(job, { isOver }, context)),
  );
}

function hasRunning({ status, executionCounts }: ShownJob): boolean {
  return status === 'CANCELED' && (executionCounts.IN_PROGRESS ?? 0) > 0;
}

async function cancelJob(job: ShownJob, force: boolean, { api, act }: ViewContext): Promise<void> {
  const { jobId } = job;
  const answer = await confirmed(cancelConfirmation(job, force));
  if (!answer) return;
  await act(async () => {
    await api.call('CancelJob', { jobId, force, ...(answer.text !== '' && { comment: answer.text }) });
    return `Job ${jobId} was cancelled${force ? ' by force' : ''}.`;
  });
}

function cancelConfirmation({ jobId, executionCounts }: ShownJob, force: boolean): Confirmation {
  const { QUEUED: queued = 0, IN_PROGRESS: inProgress = 0 } = executionCounts;
  const running = force
    ? `In progress and cancelled too, whatever the devices are doing: ${counted(inProgress, 'execution')}. Nobody tells them how to stop.`
    : `In progress and going on to the end: ${counted(inProgress, 'execution')}.`;
  return {
    title: `Cancel job ${jobId}${force ? ' by force' : ''}?`,
    consequences: [
      `Queued and cancelled: ${counted(queued, 'execution')}.`,
      running,
      'A cancelled job cannot be started again.',
    ],
    confirm: force ? 'Cancel the job by force' : 'Cancel the job',
    keep: 'Keep the job',
    ask: { label: 'Comment (optional)', maxLength: MAX_COMMENT_LENGTH },
  };
}

async function deleteJob(job: ShownJob, { isOver }: { isOver: boolean }, context: ViewContext): Promise<void> {
  const { jobId, executionCounts } = job;
  const count = Object.values(executionCounts).reduce((sum, each) => sum + each, 0);
  const answer = await confirmed({
    title: `Delete job ${jobId}?`,
    consequences: [
      `The job and ${counted(count, 'execution')} of it are gone for good.`,
      isOver
        ? 'It is over: no device is working on it.'
        : 'It is not over: it is deleted by force, and a device that works on it can report nothing any more.',
    ],
    confirm: isOver ? 'Delete the job' : 'Delete the job by force',
    keep: 'Keep the job',
  });
  if (!answer) return;
  await context.act(async () => {
    await context.api.call('DeleteJob', { jobId, force: !isOver });
    context.goTo(addressOf('jobs'));
    return `Job ${jobId} is being deleted.`;
  });
}
