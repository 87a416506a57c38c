/** Fields that say what is wrong with them, beside them and to who does not see them. */
import { type Child, h } from './element.ts';

export type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

export interface FormField<Kind extends Control = Control> {
  readonly element: HTMLElement;
  readonly control: Kind;
  value(): string;
  /** Undefined: nothing is wrong any more. @returns whether something is */
  tell(problem: string | undefined): boolean;
}

export interface FieldOptions<Kind extends Control> {
  readonly label: string;
  readonly control: Kind;
  readonly hint?: Child;
}

export function formField<Kind extends Control>({ label, control, hint }: FieldOptions<Kind>): FormField<Kind> {
  const { id } = control;
  const problemPlace = h('p', { id: `${id}-problem`, class: 'problem', 'aria-live': 'polite' });
  const hintPlace = hint ? h('p', { id: `${id}-hint`, class: 'hint' }, hint) : null;
  control.setAttribute('aria-describedby', `${hintPlace ? `${id}-hint ` : ''}${id}-problem`);
  return {
    element: h('div', { class: 'field' }, h('label', { for: id }, label), control, hintPlace, problemPlace),
    control,
    value: () => control.value,
    tell: (problem = '') => {
      // Set anew only when it changed: it would be read out again.
      if (problemPlace.textContent !== problem) problemPlace.textContent = problem;
      control.setAttribute('aria-invalid', String(problem !== ''));
      return problem !== '';
    },
  };
}

/** Calls `run` when nothing came for a while. */
export function debounced(run: () => void, waitMs = 250): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(run, waitMs);
  };
}

/** A part of a form with a value of its own. */
export interface FormPart<Value> {
  readonly element: HTMLElement;
  /** Null when something is wrong: it was told beside the field, which has the focus now unless another has it. */
  read(): Promise<Value | null>;
}
