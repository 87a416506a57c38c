/** Asks before something that cannot be taken back, and says what will happen. */
import { type Child, h } from './element.ts';

export interface Confirmation {
  readonly title: string;
  /** What will happen, in sentences. */
  readonly consequences: readonly string[];
  /** What the button does. */
  readonly confirm: string;
  /** What the other one does. */
  readonly keep: string;
  /** A text to ask for, as the comment of a cancelled job. */
  readonly ask?: { readonly label: string; readonly maxLength: number };
}

/** @returns what was answered; null when it shall not happen. Escape is a no, and the focus begins there. */
export function confirmed(confirmation: Confirmation): Promise<{ readonly text: string } | null> {
  const { title, consequences, confirm, keep, ask } = confirmation;
  const input = ask && h('input', { id: 'dialog-text', type: 'text', maxlength: ask.maxLength, autocomplete: 'off' });
  const question: Child =
    ask && input && h('p', { class: 'field' }, h('label', { for: 'dialog-text' }, ask.label), input);
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-consequences' },
    h('h2', { id: 'dialog-title' }, title),
    h('div', { id: 'dialog-consequences' }, ...consequences.map((sentence) => h('p', {}, sentence))),
    question,
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', autofocus: true, onclick: () => dialog.close('') }, keep),
      h('button', { type: 'button', class: 'danger', onclick: () => dialog.close('confirmed') }, confirm),
    ),
  );
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'confirmed' ? { text: input?.value.trim() ?? '' } : null);
    });
    dialog.showModal();
  });
}
