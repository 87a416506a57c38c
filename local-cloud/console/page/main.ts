/** The console: which view an address means, and what keeps it up to date. */
import { clockView } from './clock-view.ts';
import { ApiError, type CloudApi, createCloudApi, explain } from './cloud-api.ts';
import { h } from './element.ts';
import { executionView } from './execution-view.ts';
import { faultsView } from './faults-view.ts';
import { jobView } from './job-view.ts';
import { jobsView } from './jobs-view.ts';
import { followEvents, type LiveEvent } from './live-events.ts';
import { newJobView } from './new-job-view.ts';
import { type Refresher, startRefresher } from './refresher.ts';
import { signInView, takeToken } from './sign-in.ts';
import { thingView } from './thing-view.ts';
import { thingsView } from './things-view.ts';
import type { View, ViewContext } from './view.ts';

interface Route {
  readonly first: string;
  /** How many names follow. */
  readonly names: number;
  readonly section: string;
  readonly make: (context: ViewContext) => View;
}

const ROUTES: readonly Route[] = [
  { first: 'jobs', names: 0, section: 'jobs', make: jobsView },
  { first: 'jobs', names: 1, section: 'jobs', make: jobView },
  { first: 'new-job', names: 0, section: 'jobs', make: newJobView },
  { first: 'executions', names: 3, section: 'jobs', make: executionView },
  { first: 'things', names: 0, section: 'things', make: thingsView },
  { first: 'things', names: 1, section: 'things', make: thingView },
  { first: 'faults', names: 0, section: 'faults', make: faultsView },
  { first: 'clock', names: 0, section: 'clock', make: clockView },
];

const SAFETY_REFRESH_MS = 15_000;

function place(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

const main = place('main');
for (const skip of document.querySelectorAll<HTMLAnchorElement>('a.skip')) {
  // The part of the address behind the # is the view's.
  skip.onclick = (event) => {
    event.preventDefault();
    main.focus();
  };
}
const token = takeToken();
if (token === null) showSignIn('');
else startConsole(createCloudApi(token));

function showSignIn(reason: string): void {
  place('live').textContent = 'Not signed in';
  main.replaceChildren(signInView(reason));
}

function startConsole(api: CloudApi): void {
  let view: View | undefined;
  let refresher: Refresher | undefined;
  const refreshSoon = () => refresher?.soon();
  const signOut = () => {
    refresher?.stop();
    view = undefined;
    window.removeEventListener('hashchange', onAddress);
    showSignIn('The token was refused. Take the one that job-cloud printed when it started.');
  };
  const refresh = async (shown: View) => {
    try {
      await shown.refresh();
      if (shown === view) tell('problem', problemOfAction);
    } catch (error) {
      if (shown !== view) return;
      if (error instanceof ApiError && error.httpStatus === 401) signOut();
      else tell('problem', explain(error));
    }
  };
  const open = (): View => {
    const { route, names, query } = routeOf(location.hash);
    const shown = route.make({ api, names, query, ...sharedContext(refreshSoon) });
    refresher?.stop();
    view = shown;
    problemOfAction = '';
    tell('problem', '');
    document.title = `${shown.title} – job-cloud`;
    markSection(route.section);
    main.replaceChildren(shown.element);
    refresher = startRefresher(() => refresh(shown), shown.refreshEveryMs ?? SAFETY_REFRESH_MS);
    return shown;
  };
  const onAddress = () => {
    const { element } = open();
    tell('notice', noticeOfAction);
    noticeOfAction = '';
    element.querySelector('h1')?.focus();
  };
  window.addEventListener('hashchange', onAddress);
  // The first time the focus begins where the page does.
  open();
  void followEvents(api, {
    onEvent: (event) => {
      if (!view || (event.type !== 'resync' && !view.concerns(event))) return;
      announceConnection(event);
      refreshSoon();
    },
    onConnected: () => showConnection(true),
    onLost: () => showConnection(false),
    onRefused: signOut,
  });
}

function markSection(section: string): void {
  for (const link of document.querySelectorAll('#nav a')) {
    if (link.getAttribute('href') === `#/${section}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

/** Of an action that led to another view: it is told there. */
let noticeOfAction = '';
/** Stays until the next action, or another view. */
let problemOfAction = '';

function sharedContext(refreshSoon: () => void): Pick<ViewContext, 'act' | 'announce' | 'goTo' | 'refreshSoon'> {
  return {
    announce,
    refreshSoon,
    goTo: (address) => {
      location.hash = address;
    },
    act: async (action) => {
      const { hash } = location;
      try {
        const text = await action();
        problemOfAction = '';
        // The event of a new address comes later.
        if (location.hash !== hash) noticeOfAction = text;
        tell('notice', text);
      } catch (error) {
        problemOfAction = explain(error);
        tell('notice', '');
      }
      tell('problem', problemOfAction);
      refreshSoon();
    },
  };
}

function routeOf(hash: string): { route: Route; names: readonly string[]; query: URLSearchParams } {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [first = '', ...names] = decoded(path);
  const route = ROUTES.find((known) => known.first === first && known.names === names.length);
  const [fallback] = ROUTES;
  if (!route && fallback) return { route: fallback, names: [], query: new URLSearchParams() };
  return { route: route as Route, names, query: new URLSearchParams(query) };
}

function decoded(path: string): readonly string[] {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return [];
  }
}

function tell(id: 'notice' | 'problem', text: string): void {
  const element = place(id);
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

function announce(text: string): void {
  place('announcer').textContent = text;
}

function announceConnection(event: LiveEvent): void {
  if (event.type === 'connection') announce(`${event.thingName} ${event.connected ? 'connected' : 'disconnected'}`);
}

let wasLost = false;

function showConnection(isConnected: boolean): void {
  const live = place('live');
  live.textContent = isConnected ? 'Live' : 'Connection lost';
  live.className = isConnected ? 'live' : 'lost';
  const banner = place('lost');
  banner.hidden = isConnected;
  banner.replaceChildren(
    ...(isConnected
      ? []
      : [h('p', {}, 'Connection to job-cloud lost: what you see may be out of date. Trying again…')]),
  );
  if (isConnected && wasLost) announce('Connected to job-cloud again');
  wasLost = !isConnected;
}
