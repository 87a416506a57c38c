/** Statements and cases fit each other. */
import { expect, test } from 'vitest';
import { CASE_GROUPS } from './all-cases.ts';
import { STATEMENTS } from './all-statements.ts';
import { HELD_ELSEWHERE } from './held-elsewhere.ts';

const cases = CASE_GROUPS.flatMap((group) => group.cases);
const ids = STATEMENTS.map(({ id }) => id);

test('no two statements have the same id', () => {
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('every statement is a sentence, and its id says where it belongs', () => {
  for (const { id, says } of STATEMENTS) {
    expect(id).toMatch(/^[a-z0-9-]+\/[a-z0-9-]+$/);
    expect(says, id).toMatch(/[.”]$/);
  }
});

test('an unknown says what the local cloud does', () => {
  for (const { id, says } of STATEMENTS.filter(({ mark }) => mark === 'unknown')) {
    expect(says.split(/[.;] /).length, `${id}: ${says}`).toBeGreaterThan(1);
  }
});

test('what a case holds is a statement', () => {
  expect(cases.flatMap(({ holds }) => holds).filter((id) => !ids.includes(id))).toEqual([]);
});

test('what tests elsewhere hold is a statement', () => {
  expect(Object.keys(HELD_ELSEWHERE).filter((id) => !ids.includes(id))).toEqual([]);
});

test('no two cases have the same title', () => {
  const titles = cases.map(({ title }) => title);
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
});
