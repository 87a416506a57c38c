/** The token: from the address that job-cloud printed, or typed. It stays in this tab. */
import { h } from './element.ts';
import { formField } from './form-field.ts';

const STORED = 'job-cloud-token';

/** Takes it out of the address, so that a copied address or a screenshot does not hold it. */
export function takeToken(): string | null {
  const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (given === undefined) return sessionStorage.getItem(STORED);
  sessionStorage.setItem(STORED, given);
  history.replaceState(null, '', '#/jobs');
  return given;
}

export function signInView(reason: string): HTMLElement {
  const field = formField({
    label: 'Token',
    control: h('input', { id: 'token', autocomplete: 'off', spellcheck: 'false' }),
    hint: 'It is in the file console-token of the data folder, and in the address that job-cloud printed.',
  });
  field.tell(reason === '' ? undefined : reason);
  const onsubmit = (event: Event) => {
    event.preventDefault();
    const token = field.value().trim();
    if (field.tell(/^[\w-]+$/.test(token) ? undefined : 'That is not a token.')) return field.control.focus();
    sessionStorage.setItem(STORED, token);
    location.reload();
  };
  return h(
    'form',
    { onsubmit, novalidate: true },
    h('h1', { tabindex: -1 }, 'Sign in'),
    field.element,
    h('button', { type: 'submit', class: 'primary' }, 'Sign in'),
  );
}
