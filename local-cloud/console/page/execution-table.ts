/** Executions of a job or of a thing, as a table. */
import { JOB_EXECUTION_STATUSES } from '../../../agent/core/job-execution.ts';
import type { Page, ShownExecution } from './cloud-api.ts';
import { queryOf } from './cloud-api.ts';
import type { Child } from './element.ts';
import { h } from './element.ts';
import { filterForm, link, PAGE_SIZE, pager, progressBar, statusBadge, statusChoices, table } from './parts.ts';
import { shownTime } from './shown-time.ts';
import type { ViewContext } from './view.ts';

export function executionFilter(context: ViewContext): HTMLElement {
  const choices = statusChoices(JOB_EXECUTION_STATUSES);
  return filterForm([{ name: 'status', label: 'Status of executions', ...(choices && { choices }) }], context);
}

export interface ExecutionsOf {
  readonly jobId?: string;
  readonly thingName?: string;
  /** Of the view that shows them. */
  readonly address: string;
}

export async function executionTable(
  { api, query }: ViewContext,
  { address, ...whose }: ExecutionsOf,
): Promise<readonly Child[]> {
  const path = `executions${queryOf({ ...whose, ...Object.fromEntries(query), pageSize: PAGE_SIZE })}`;
  const page = await api.get<Page<ShownExecution>>(path);
  const ofJob = whose.jobId !== undefined;
  return [
    table({
      caption: 'Executions, newest first',
      items: page.items,
      keyOf: (execution) => addressOfExecution(execution).join('/'),
      empty: query.has('status') ? 'No execution has this status.' : 'There are no executions.',
      columns: [
        {
          name: ofJob ? 'Thing and number' : 'Job and number',
          cell: (execution) => {
            const name = ofJob ? execution.thingName : execution.jobId;
            return link(`${name} #${execution.executionNumber}`, ...addressOfExecution(execution));
          },
        },
        {
          name: 'Status',
          cell: ({ status, statusDetails }) =>
            h('span', {}, statusBadge(status), ' ', status === 'IN_PROGRESS' && progressBar(statusDetails, 'Progress')),
        },
        { name: 'Details', cell: ({ statusDetails }) => shortDetails(statusDetails) },
        { name: 'Last change', cell: ({ lastUpdatedAtMs }) => shownTime(lastUpdatedAtMs) },
      ],
    }),
    pager(page, address, query),
  ];
}

export function addressOfExecution(execution: ShownExecution): (string | number)[] {
  return ['executions', execution.thingName, execution.jobId, execution.executionNumber];
}

const SHORT_LENGTH = 80;

function shortDetails(statusDetails: Readonly<Record<string, string>>): string {
  const text = Object.entries(statusDetails)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ');
  return text.length > SHORT_LENGTH ? `${text.slice(0, SHORT_LENGTH)}…` : text;
}
