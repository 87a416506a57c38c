/** The service's clock, turned forward: what takes hours at AWS happens at once. */
import type { ShownClock } from './cloud-api.ts';
import { h } from './element.ts';
import { formField } from './form-field.ts';
import { facts } from './parts.ts';
import { shownDuration, shownTime } from './shown-time.ts';
import { createView, type View, type ViewContext } from './view.ts';

const MINUTE_MS = 60_000;
const STEPS = [
  ['1 minute', MINUTE_MS],
  ['10 minutes', 10 * MINUTE_MS],
  ['1 hour', 60 * MINUTE_MS],
  ['1 day', 1_440 * MINUTE_MS],
] as const;
const UNITS: readonly (readonly [name: string, unitMs: number])[] = [
  ['seconds', 1_000],
  ['minutes', MINUTE_MS],
  ['hours', 60 * MINUTE_MS],
  ['days', 1_440 * MINUTE_MS],
];

export function clockView(context: ViewContext): View {
  const { api, act } = context;
  const turn = (advanceMs: number) =>
    act(async () => {
      await api.send('POST', 'clock', { advanceMs });
      return `The clock was turned forward by ${shownDuration(advanceMs)}.`;
    });
  const steps = STEPS.map(([name, ms]) => h('button', { type: 'button', onclick: () => turn(ms) }, `Forward ${name}`));
  const view = createView('Clock', {
    before: [
      h(
        'p',
        {},
        'Time-outs, rollouts, retries and maintenance windows go by this clock. It can be turned forward, never back; devices keep their own time.',
      ),
      h('div', { class: 'actions' }, ...steps),
      otherAmount(turn),
    ],
    draw: async () => {
      const { nowMs, offsetMs } = await api.get<ShownClock>('clock');
      const ahead = offsetMs === 0 ? 'as this machine’s clock' : `${shownDuration(offsetMs)} ahead of this machine`;
      return [
        facts([
          ['The service’s time', shownTime(nowMs)],
          ['It is', ahead],
        ]),
      ];
    },
  });
  return { ...view, refreshEveryMs: 1_000, concerns: ({ type }) => type === 'clock' };
}

function otherAmount(turn: (advanceMs: number) => Promise<void>): HTMLElement {
  const amount = formField({
    label: 'Another amount',
    control: h('input', { id: 'amount', inputmode: 'numeric', value: '5', autocomplete: 'off' }),
  });
  const unit = formField({
    label: 'Unit',
    control: h(
      'select',
      { id: 'unit' },
      ...UNITS.map(([name], index) => h('option', { value: index, selected: index === 1 }, name)),
    ),
  });
  const onsubmit = (event: Event) => {
    event.preventDefault();
    const count = Number(amount.value().trim());
    const isFine = amount.value().trim() !== '' && Number.isSafeInteger(count) && count > 0;
    if (amount.tell(isFine ? undefined : 'A whole number above 0 is needed.')) return amount.control.focus();
    void turn(count * (UNITS[Number(unit.value())]?.[1] ?? MINUTE_MS));
  };
  return h(
    'form',
    { onsubmit, class: 'row', novalidate: true },
    amount.element,
    unit.element,
    h('button', { type: 'submit' }, 'Turn it forward'),
  );
}
