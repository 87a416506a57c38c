/** One thing: its connection and its executions. */
import type { ShownThing } from './cloud-api.ts';
import { h } from './element.ts';
import { executionFilter, executionTable } from './execution-table.ts';
import { addressOf, connectionBadge, facts } from './parts.ts';
import { createView, type View, type ViewContext } from './view.ts';

export function thingView(context: ViewContext): View {
  const { api, act } = context;
  const [thingName = ''] = context.names;
  const path = `things/${encodeURIComponent(thingName)}`;
  const disconnect = () =>
    act(async () => {
      const { disconnected } = await api.send<{ disconnected: number }>('POST', `${path}/disconnect`);
      return disconnected > 0 ? `The connection of ${thingName} was ended.` : `${thingName} is not connected.`;
    });
  const view = createView(`Thing ${thingName}`, {
    draw: async () => {
      const thing = await api.get<ShownThing>(path);
      return [
        facts([
          ['Connection', connectionBadge(thing.connected)],
          ['Executions in progress', thing.inProgress],
          ['Executions queued', thing.queued],
          ['ARN', h('code', {}, thing.thingArn)],
        ]),
        h(
          'div',
          { class: 'actions' },
          h(
            'a',
            { class: 'button', href: `${addressOf('new-job')}?thing=${encodeURIComponent(thingName)}` },
            'Create a job for it',
          ),
          h('button', { type: 'button', disabled: !thing.connected, onclick: disconnect }, 'End its connection'),
        ),
        h('h2', {}, 'Executions'),
        executionFilter(context),
        ...(await executionTable(context, { thingName, address: addressOf('things', thingName) })),
      ];
    },
  });
  return {
    ...view,
    concerns: (event) => ('thingName' in event ? event.thingName === thingName : event.type === 'operation'),
  };
}
