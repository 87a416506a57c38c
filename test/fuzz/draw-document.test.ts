import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { AGENT_BUNDLE } from '../fixtures/agent-process.ts';
import { createRandom } from '../power/random.ts';
import { drawDocument, type FuzzedDocument } from './draw-document.ts';
import { FAULTS, withFault } from './faults.ts';

const examples = Object.fromEntries(
  builtInHandlers.map(({ operation }) => {
    const text = readFileSync(new URL(`../../handlers/${operation}/example.job.json`, import.meta.url), 'utf8');
    return [operation, (JSON.parse(text) as { parameters: JsonObject }).parameters];
  }),
);

function draw(seed: number, count: number): readonly FuzzedDocument[] {
  let made = 0;
  const servers = { filesPort: 1, trapPort: 2 };
  return Array.from({ length: count }, (_, number) =>
    drawDocument({ random: createRandom(seed * 1_000_003 + number), servers, examples, count: () => (made += 1) }),
  );
}

const documents = draw(1, 3000);

test('the same seed draws the same documents', () => {
  expect(draw(1, 50)).toEqual(documents.slice(0, 50));
  expect(draw(2, 50)).not.toEqual(documents.slice(0, 50));
});

test('every one is JSON, and no longer than AWS takes', () => {
  for (const { text } of documents) {
    expect(text.length).toBeLessThanOrEqual(32_768);
    expect(() => JSON.parse(text) as JsonValue).not.toThrow();
  }
});

test('every operation is asked for as one that may be taken, and every kind of document drawn', () => {
  const texts = documents.filter(({ mustBeRejected }) => !mustBeRejected).map(({ text }) => text);
  for (const { operation } of builtInHandlers) {
    expect(texts.filter((text) => text.includes(`"${operation}"`)).length, operation).toBeGreaterThan(2);
  }
  expect(new Set(documents.map(({ kind }) => kind)).size).toBe(13);
});

test('many of those that need not be refused are documents to the agent', () => {
  const rest = documents.filter(({ mustBeRejected }) => !mustBeRejected);
  const good = rest.filter(({ text }) => parseJobDocument(JSON.parse(text) as JsonValue).ok);
  expect(good.length / rest.length).toBeGreaterThan(0.6);
});

test.runIf(existsSync(AGENT_BUNDLE)).each(FAULTS)('the fault $name can be put into the agent', (fault) => {
  const bundle = readFileSync(AGENT_BUNDLE, 'utf8');
  expect(withFault(bundle, fault)).not.toBe(bundle);
});

test('a fault whose piece is gone is an error', () => {
  expect(() => withFault('', { name: 'x', about: 'y', changes: [['a', 'b']] })).toThrow(
    'the fault x cannot be put in: a is not in the bundle',
  );
});
