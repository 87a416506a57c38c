/** What the console shows at one address: made anew at each, and brought up to date while it is there. */
import type { CloudApi } from './cloud-api.ts';
import { type Child, h, morphChildren } from './element.ts';
import type { LiveEvent } from './live-events.ts';

export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  /** Reads anew and shows it. @throws ApiError */
  refresh(): Promise<void>;
  /** Of what changes without an event. */
  readonly refreshEveryMs?: number;
  /** May what this event tells be seen here? */
  concerns(event: LiveEvent): boolean;
}

export interface ViewContext {
  readonly api: CloudApi;
  /** Names in the address. */
  readonly names: readonly string[];
  /** What stands behind the `?` of the address. */
  readonly query: URLSearchParams;
  /** Reads the view anew, soon. */
  refreshSoon(): void;
  /** Tells somebody who does not see the screen. */
  announce(text: string): void;
  /** Does what was asked for, says what came of it, and reads the view anew. */
  act(action: () => Promise<string>): Promise<void>;
  goTo(address: string): void;
}

/** The heading that the focus goes to, and a part below that is drawn again and again. */
export function createView(
  title: string,
  options: { readonly before?: readonly Child[]; readonly draw: () => Promise<readonly Child[]> },
): Pick<View, 'title' | 'element' | 'refresh'> {
  const drawn = h('div', { 'aria-busy': 'true' }, h('p', {}, 'Loading…'));
  const element = h('div', {}, h('h1', { tabindex: -1 }, title), ...(options.before ?? []), drawn);
  return {
    title,
    element,
    refresh: async () => {
      morphChildren(drawn, h('div', {}, ...(await options.draw())));
      drawn.removeAttribute('aria-busy');
    },
  };
}
