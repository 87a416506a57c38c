/** Faults on demand: what goes wrong now, how often it did, and what else could. */
import { h } from './element.ts';
import { FAULT_PRESETS, type FaultRule } from './fault-presets.ts';
import { type FormField, formField } from './form-field.ts';
import { table } from './parts.ts';
import { createView, type View, type ViewContext } from './view.ts';

interface Faults {
  readonly settings: { readonly seed: number; readonly rules: readonly FaultRule[] };
  readonly counts: Readonly<Record<string, number>>;
  /** Which faults there are, by place. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

export function faultsView(context: ViewContext): View {
  const { api, act } = context;
  const other = h('div', {});
  const change = (text: string, rulesOf: (rules: readonly FaultRule[]) => readonly FaultRule[]) =>
    act(async () => {
      const { settings } = await api.get<Faults>('faults');
      await api.send('PUT', 'faults', { ...settings, rules: rulesOf(settings.rules) });
      return text;
    });
  const add = (rule: FaultRule) =>
    change(`Fault ${rule.id} is on.`, (rules) => [...rules.filter(({ id }) => id !== rule.id), rule]);
  const remove = (id: string) => change(`Fault ${id} is off.`, (rules) => rules.filter((rule) => rule.id !== id));
  const allOff = () =>
    act(async () => {
      await api.send('DELETE', 'faults');
      return 'All faults are off.';
    });

  const view = createView('Faults', {
    before: [
      h(
        'p',
        {},
        'What goes wrong on purpose between devices, operators and the service. A change begins all counts anew.',
      ),
    ],
    draw: async () => {
      const faults = await api.get<Faults>('faults');
      if (!other.hasChildNodes()) other.append(otherFault(faults.choices, { add }));
      const { rules } = faults.settings;
      return [
        activeTable(faults, remove),
        rules.length > 0 && h('p', {}, h('button', { type: 'button', onclick: allOff }, 'Turn all faults off')),
        h('h2', {}, 'Ready-made faults'),
        presetList(rules, { add, remove }),
      ];
    },
  });
  view.element.append(h('h2', {}, 'Another fault'), other);
  return { ...view, refreshEveryMs: 2_000, concerns: ({ type }) => type === 'faults' };
}

function activeTable({ settings, counts }: Faults, remove: (id: string) => Promise<void>): HTMLElement {
  return table({
    caption: 'Faults that are on, and how often each struck',
    items: settings.rules,
    keyOf: ({ id }) => id,
    empty: 'No fault is on.',
    columns: [
      { name: 'Fault', cell: ({ id }) => id },
      { name: 'Rule', cell: ruleText },
      { name: 'Struck', cell: ({ id }) => (counts[id] ?? 0).toLocaleString('en') },
      {
        name: 'Action',
        cell: ({ id }) =>
          h('button', { type: 'button', 'aria-label': `Turn off ${id}`, onclick: () => remove(id) }, 'Turn off'),
      },
    ],
  });
}

function ruleText(rule: FaultRule): string {
  const { on, fault, operation, thingName, probability = 1, count, delayMs = 0 } = rule;
  return [
    `${on} ${fault}`,
    operation && `of ${operation}`,
    thingName && `of ${thingName}`,
    probability < 1 && `${Math.round(probability * 1000) / 10} %`,
    count !== undefined && `at most ${count} times`,
    delayMs > 0 && `${delayMs} ms`,
  ]
    .filter(Boolean)
    .join(', ');
}

interface Switching {
  add(rule: FaultRule): Promise<void>;
  remove(id: string): Promise<void>;
}

function presetList(rules: readonly FaultRule[], { add, remove }: Switching): HTMLElement {
  return h(
    'ul',
    { class: 'presets' },
    ...FAULT_PRESETS.map(({ name, about, rule }) => {
      const isOn = rules.some(({ id }) => id === rule.id);
      const onclick = () => (isOn ? remove(rule.id) : add(rule));
      return h(
        'li',
        { 'data-key': rule.id },
        h('button', { type: 'button', 'aria-pressed': String(isOn), onclick }, name),
        h('span', { class: 'hint' }, about),
      );
    }),
  );
}

const NUMBER_FIELDS = [
  { name: 'probability', label: 'Probability (0 to 1)', hint: 'Left out: always.' },
  { name: 'count', label: 'At most so often', hint: 'Left out: without end.' },
  { name: 'delayMs', label: 'Delay in milliseconds', hint: 'Of what is late or reordered.' },
] as const;
const TEXT_FIELDS = [
  { name: 'thingName', label: 'Thing', hint: 'Left out: any.' },
  { name: 'operation', label: 'Operation', hint: 'As UpdateJobExecution, notify or CreateJob. Left out: any.' },
] as const;

function otherFault(choices: Faults['choices'], { add }: Pick<Switching, 'add'>): HTMLElement {
  const input = (name: string) => h('input', { id: `fault-${name}`, autocomplete: 'off', spellcheck: 'false' });
  const id = formField({ label: 'Name', control: input('id'), hint: 'Of your choice: it stands in the counts.' });
  const places = Object.entries(choices).map(([place, faults]) =>
    h(
      'optgroup',
      { label: place },
      ...faults.map((fault) => h('option', { value: `${place} ${fault}` }, `${place} ${fault}`)),
    ),
  );
  const what = formField({ label: 'What goes wrong', control: h('select', { id: 'fault-what' }, ...places) });
  const texts = TEXT_FIELDS.map(({ name, ...field }) => ({
    name,
    field: formField({ ...field, control: input(name) }),
  }));
  const numbers = NUMBER_FIELDS.map(({ name, ...field }) => ({
    name,
    field: formField({ ...field, control: input(name) }),
  }));
  const onsubmit = (event: Event) => {
    event.preventDefault();
    const name = id.value().trim();
    if (id.tell(name === '' ? 'A name is needed.' : undefined)) return id.control.focus();
    const [on = '', fault = ''] = what.value().split(' ');
    const given = { ...givenValues(texts, (text) => text), ...givenValues(numbers, Number) };
    void add({ id: name, on, fault, ...given });
  };
  const fields = [id, what, ...texts.map(({ field }) => field), ...numbers.map(({ field }) => field)];
  return h(
    'form',
    { onsubmit, novalidate: true },
    h('div', { class: 'grid' }, ...fields.map(({ element }) => element)),
    h('button', { type: 'submit' }, 'Turn this fault on'),
  );
}

function givenValues<Value>(
  fields: readonly { readonly name: string; readonly field: FormField }[],
  read: (text: string) => Value,
): Readonly<Record<string, Value>> {
  const given = fields
    .map(({ name, field }) => [name, field.value().trim()] as const)
    .filter(([, text]) => text !== '');
  return Object.fromEntries(given.map(([name, text]) => [name, read(text)]));
}
