/** What several views are made of. */
import type { Page } from './cloud-api.ts';
import { queryOf } from './cloud-api.ts';
import { type Child, h } from './element.ts';
import { progressOf } from './progress-of.ts';

export const PAGE_SIZE = 50;

/** API reference, JobStatus. */
export const JOB_STATUSES = ['IN_PROGRESS', 'SCHEDULED', 'COMPLETED', 'CANCELED', 'DELETION_IN_PROGRESS'];

export function addressOf(...names: readonly (string | number)[]): string {
  return `#/${names.map((name) => encodeURIComponent(name)).join('/')}`;
}

export function link(text: string, ...names: readonly (string | number)[]): HTMLAnchorElement {
  return h('a', { href: addressOf(...names) }, text);
}

/** Told by its text; the colour only repeats it. */
export function statusBadge(status: string): HTMLElement {
  return h('span', { class: `status status-${status.toLowerCase().replaceAll('_', '-')}` }, status);
}

export function connectionBadge(isConnected: boolean): HTMLElement {
  const text = isConnected ? 'Connected' : 'Not connected';
  return h('span', { class: `status status-${isConnected ? 'succeeded' : 'queued'}` }, text);
}

/** A bar where there is a number to show; what else it says is in the details. */
export function progressBar(statusDetails: Readonly<Record<string, string>>, label: string): Child {
  const percent = progressOf(statusDetails);
  if (percent === undefined) return null;
  return h(
    'span',
    { class: 'progress' },
    h('progress', { max: 100, value: percent, 'aria-label': label }),
    ` ${Math.round(percent)} %`,
  );
}

/** Names and values; what is absent is left out. */
export function facts(pairs: readonly (readonly [name: string, value: Child])[]): HTMLElement {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null && value !== false);
  return h(
    'dl',
    { class: 'facts' },
    ...shown.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

export interface Column<Item> {
  readonly name: string;
  cell(item: Item): Child;
}

export interface TableOptions<Item> {
  readonly caption: string;
  /** The first one names the row. */
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly empty: string;
  keyOf(item: Item): string;
}

/** Its roles are written out: a table that a small screen shows as a list is still one. */
export function table<Item>({ caption, columns, items, empty, keyOf }: TableOptions<Item>): HTMLElement {
  if (items.length === 0) return h('p', { class: 'empty' }, empty);
  const head = columns.map(({ name }) => h('th', { scope: 'col', role: 'columnheader' }, name));
  const rows = items.map((item) =>
    h('tr', { role: 'row', 'data-key': keyOf(item) }, ...columns.map((column, index) => cellOf(column, item, index))),
  );
  return h(
    'table',
    { role: 'table' },
    h('caption', {}, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...head)),
    h('tbody', { role: 'rowgroup' }, ...rows),
  );
}

function cellOf<Item>({ name, cell }: Column<Item>, item: Item, index: number): HTMLElement {
  if (index === 0) return h('th', { scope: 'row', role: 'rowheader' }, cell(item));
  return h('td', { role: 'cell', 'data-name': name }, cell(item));
}

/** Where we are in a long list, and the way to the next page. */
export function pager(page: Page<unknown>, address: string, query: URLSearchParams): Child {
  const { offset, total, items } = page;
  if (total <= items.length && offset === 0) return null;
  const at = (start: number) => `${address}${queryOf({ ...Object.fromEntries(query), offset: start || undefined })}`;
  const last = offset + items.length;
  const count = (number: number) => number.toLocaleString('en');
  const shown = items.length === 0 ? 'nothing here' : `${count(offset + 1)}–${count(last)}`;
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    offset > 0 && h('a', { href: at(Math.max(0, offset - PAGE_SIZE)), rel: 'prev' }, '← Previous page'),
    h('span', {}, `${shown} of ${count(total)}`),
    last < total && h('a', { href: at(offset + PAGE_SIZE), rel: 'next' }, 'Next page →'),
  );
}

export interface FilterField {
  readonly name: string;
  readonly label: string;
  /** A choice; free text where absent. */
  readonly choices?: readonly { readonly value: string; readonly text: string }[];
}

/** Changes what is shown as it is filled in. The address keeps it, so that it can be reloaded and gone back to. */
export function filterForm(
  fields: readonly FilterField[],
  context: { readonly query: URLSearchParams; refreshSoon(): void },
): HTMLElement {
  const { query } = context;
  const change = (name: string, value: string) => {
    query.delete('offset');
    if (value === '') query.delete(name);
    else query.set(name, value);
    const [address = ''] = location.hash.split('?');
    history.replaceState(null, '', `${address}${queryOf(Object.fromEntries(query))}`);
    context.refreshSoon();
  };
  return h(
    'form',
    { class: 'filter', role: 'search', onsubmit: (event: Event) => event.preventDefault() },
    ...fields.map(({ name, label, choices }) => {
      const id = `filter-${name}`;
      const value = query.get(name) ?? '';
      const onChange = (event: Event) => change(name, (event.target as HTMLInputElement).value);
      const control = choices
        ? h(
            'select',
            { id, onchange: onChange },
            ...choices.map((choice) =>
              h('option', { value: choice.value, selected: choice.value === value }, choice.text),
            ),
          )
        : h('input', { id, type: 'search', value, autocomplete: 'off', spellcheck: 'false', oninput: onChange });
      return h('div', { class: 'field' }, h('label', { for: id }, label), control);
    }),
  );
}

export function statusChoices(statuses: readonly string[]): FilterField['choices'] {
  return [{ value: '', text: 'All' }, ...statuses.map((status) => ({ value: status, text: status }))];
}

/** `3 SUCCEEDED, 1 FAILED`. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([status, count]) => `${count.toLocaleString('en')} ${status}`);
  return parts.length === 0 ? 'none yet' : parts.join(', ');
}

/** `1 execution`, `3 executions`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
