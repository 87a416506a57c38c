/** All jobs. */
import type { Page, ShownJob } from './cloud-api.ts';
import { queryOf } from './cloud-api.ts';
import { h } from './element.ts';
import {
  addressOf,
  countsText,
  filterForm,
  JOB_STATUSES,
  link,
  PAGE_SIZE,
  pager,
  statusBadge,
  statusChoices,
  table,
} from './parts.ts';
import { shownTime } from './shown-time.ts';
import { createView, type View, type ViewContext } from './view.ts';

export function jobsView(context: ViewContext): View {
  const { api, query } = context;
  const choices = statusChoices(JOB_STATUSES);
  const filter = filterForm(
    [
      { name: 'search', label: 'Search by ID or description' },
      { name: 'status', label: 'Status', ...(choices && { choices }) },
    ],
    context,
  );
  const view = createView('Jobs', {
    before: [h('p', {}, h('a', { class: 'button primary', href: addressOf('new-job') }, 'Create a job')), filter],
    draw: async () => {
      const page = await api.get<Page<ShownJob>>(
        `jobs${queryOf({ ...Object.fromEntries(query), pageSize: PAGE_SIZE })}`,
      );
      const isFiltered = query.has('search') || query.has('status');
      return [
        table({
          caption: `Jobs, newest first; ${page.total.toLocaleString('en')} ${isFiltered ? 'fit' : 'altogether'}`,
          items: page.items,
          keyOf: ({ jobId }) => jobId,
          empty: isFiltered ? 'No job fits.' : 'There are no jobs yet.',
          columns: [
            { name: 'Job', cell: ({ jobId }) => link(jobId, 'jobs', jobId) },
            { name: 'Status', cell: ({ status }) => statusBadge(status) },
            { name: 'Executions', cell: ({ executionCounts }) => countsText(executionCounts) },
            { name: 'Description', cell: ({ description = '' }) => description },
            { name: 'Created', cell: ({ createdAtMs }) => shownTime(createdAtMs) },
          ],
        }),
        pager(page, '#/jobs', query),
      ];
    },
  });
  return { ...view, concerns: ({ type }) => type === 'execution' || type === 'operation' };
}
