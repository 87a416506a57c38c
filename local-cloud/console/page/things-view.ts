/** All things, and whether they are connected. */
import type { Page, ShownThing } from './cloud-api.ts';
import { queryOf } from './cloud-api.ts';
import { h } from './element.ts';
import { connectionBadge, filterForm, link, PAGE_SIZE, pager, table } from './parts.ts';
import { createView, type View, type ViewContext } from './view.ts';

export function thingsView(context: ViewContext): View {
  const { api, query } = context;
  const filter = filterForm(
    [
      { name: 'search', label: 'Search by name' },
      {
        name: 'connected',
        label: 'Connection',
        choices: [
          { value: '', text: 'All' },
          { value: 'true', text: 'Connected' },
          { value: 'false', text: 'Not connected' },
        ],
      },
    ],
    context,
  );
  const view = createView('Things', {
    before: [addThingForm(context), filter],
    draw: async () => {
      const path = `things${queryOf({ ...Object.fromEntries(query), pageSize: PAGE_SIZE })}`;
      const page = await api.get<Page<ShownThing> & { readonly connectedCount: number }>(path);
      const isFiltered = query.has('search') || query.has('connected');
      return [
        table({
          caption: `Things, by name; ${page.connectedCount.toLocaleString('en')} connected altogether`,
          items: page.items,
          keyOf: ({ thingName }) => thingName,
          empty: isFiltered ? 'No thing fits.' : 'There are no things yet.',
          columns: [
            { name: 'Thing', cell: ({ thingName }) => link(thingName, 'things', thingName) },
            { name: 'Connection', cell: ({ connected }) => connectionBadge(connected) },
            { name: 'In progress', cell: ({ inProgress }) => inProgress },
            { name: 'Queued', cell: ({ queued }) => queued },
          ],
        }),
        pager(page, '#/things', query),
      ];
    },
  });
  return {
    ...view,
    concerns: ({ type }) => type !== 'faults' && type !== 'clock',
  };
}

function addThingForm({ api, act }: ViewContext): HTMLElement {
  const input = h('input', {
    id: 'thing-name',
    required: true,
    maxlength: 128,
    pattern: '[a-zA-Z0-9:_\\-]+',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': 'thing-name-hint',
  });
  const onsubmit = (event: Event) => {
    event.preventDefault();
    const thingName = input.value.trim();
    void act(async () => {
      const { configPath } = await api.send<{ configPath: string }>('POST', 'things', { thingName });
      input.value = '';
      return `Thing ${thingName} is there. Start its agent with job-agent run --config ${configPath}`;
    });
  };
  return h(
    'details',
    { class: 'box' },
    h('summary', {}, 'Add a thing'),
    h(
      'form',
      { onsubmit },
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'thing-name' }, 'Name of the new thing'),
        input,
        h(
          'p',
          { id: 'thing-name-hint', class: 'hint' },
          'a-z, A-Z, 0-9, colon, _ and -. It gets a certificate and a configuration.',
        ),
      ),
      h('button', { type: 'submit' }, 'Add the thing'),
    ),
  );
}
