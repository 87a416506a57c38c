/** Which things and thing groups a job is for. */
import { ApiError, type CloudApi, explain, type Page, queryOf, type ShownCloud, type ShownThing } from './cloud-api.ts';
import { h, morphChildren } from './element.ts';
import { debounced, type FormPart, formField } from './form-field.ts';

type Kind = 'thing' | 'thinggroup';
interface Target {
  readonly kind: Kind;
  readonly name: string;
}

/** Names that are offered while one is typed. */
const OFFERED_NAMES = 20;
const KIND_NAMES: Readonly<Record<Kind, string>> = { thing: 'thing', thinggroup: 'group' };

/** Gives ARNs. */
export function targetField(api: CloudApi, firstThing: string | null): FormPart<readonly string[]> {
  const offers = h('datalist', { id: 'target-offers' });
  const kind = h(
    'select',
    { id: 'target-kind' },
    h('option', { value: 'thing' }, 'Thing'),
    h('option', { value: 'thinggroup' }, 'Thing group'),
  );
  const field = formField({
    label: 'Name of a thing or group',
    control: h('input', { id: 'target-name', list: 'target-offers', autocomplete: 'off', spellcheck: 'false' }),
  });
  const targets = chosenTargets(firstThing, () => field.control.focus());
  /** @returns whether there is nothing to complain about */
  const add = async (): Promise<boolean> => {
    const target = { kind: kind.value as Kind, name: field.value().trim() };
    if (target.name === '') return true;
    if (field.tell(await existenceProblem(api, target))) return false;
    targets.add(target);
    field.control.value = '';
    return true;
  };
  const search = () => offerNames(api, { kind: kind.value as Kind, offers, search: field.value() });
  const searchSoon = debounced(() => void search());
  field.control.oninput = searchSoon;
  field.control.onfocus = searchSoon;
  field.control.onkeydown = (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    void add();
  };
  const addButton = h('button', { type: 'button', onclick: () => void add() }, 'Add the target');
  const kindField = h('div', { class: 'field' }, h('label', { for: 'target-kind' }, 'Kind of target'), kind);
  const row = h('div', { class: 'row' }, kindField, field.element, addButton);
  return {
    element: h('fieldset', {}, h('legend', {}, 'Targets'), targets.element, row, offers),
    read: async () => {
      const isFine = await add();
      if (isFine && targets.all.length > 0) return arnsOf(targets.all, await api.get<ShownCloud>('cloud'));
      if (isFine) field.tell('A job needs at least one target: a thing or a thing group.');
      field.control.focus();
      return null;
    },
  };
}

interface ChosenTargets {
  readonly element: HTMLElement;
  readonly all: readonly Target[];
  /** One that is there already stays. */
  add(target: Target): void;
}

function chosenTargets(firstThing: string | null, onRemoved: () => void): ChosenTargets {
  const all: Target[] = firstThing === null ? [] : [{ kind: 'thing', name: firstThing }];
  const element = h('ul', { class: 'chosen', 'aria-label': 'Chosen targets' });
  const draw = () => morphChildren(element, h('ul', {}, ...all.map((target) => targetItem(target, remove))));
  const remove = (target: Target) => {
    all.splice(all.indexOf(target), 1);
    draw();
    onRemoved();
  };
  draw();
  return {
    element,
    all,
    add: (target) => {
      if (!all.some(({ kind, name }) => kind === target.kind && name === target.name)) all.push(target);
      draw();
    },
  };
}

function targetItem(target: Target, remove: (target: Target) => void): HTMLElement {
  const { kind, name } = target;
  const text = `${KIND_NAMES[kind]} ${name}`;
  return h(
    'li',
    { 'data-key': `${kind}/${name}` },
    `${text} `,
    h('button', { type: 'button', 'aria-label': `Remove ${text}`, onclick: () => remove(target) }, 'Remove'),
  );
}

async function existenceProblem(api: CloudApi, { kind, name }: Target): Promise<string | undefined> {
  try {
    if (kind === 'thing') await api.get(`things/${encodeURIComponent(name)}`);
    else await api.call('DescribeThingGroup', { thingGroupName: name });
    return undefined;
  } catch (error) {
    const isUnknown = error instanceof ApiError && error.httpStatus === 404;
    return isUnknown ? `There is no ${KIND_NAMES[kind]} ${name}.` : explain(error);
  }
}

async function offerNames(api: CloudApi, list: { kind: Kind; search: string; offers: HTMLElement }): Promise<void> {
  try {
    const names = list.kind === 'thing' ? await thingNames(api, list.search) : await groupNames(api, list.search);
    list.offers.replaceChildren(...names.map((name) => h('option', { value: name })));
  } catch {
    // A name can be typed in full.
    list.offers.replaceChildren();
  }
}

async function thingNames(api: CloudApi, search: string): Promise<readonly string[]> {
  const { items } = await api.get<Page<ShownThing>>(`things${queryOf({ search, pageSize: OFFERED_NAMES })}`);
  return items.map(({ thingName }) => thingName);
}

async function groupNames(api: CloudApi, search: string): Promise<readonly string[]> {
  const input = { ...(search !== '' && { namePrefixFilter: search }), maxResults: OFFERED_NAMES };
  const { thingGroups } = await api.call<{ thingGroups: readonly { groupName: string }[] }>('ListThingGroups', input);
  return thingGroups.map(({ groupName }) => groupName);
}

function arnsOf(targets: readonly Target[], { region, accountId }: ShownCloud): readonly string[] {
  return targets.map(({ kind, name }) => `arn:aws:iot:${region}:${accountId}:${kind}/${name}`);
}
