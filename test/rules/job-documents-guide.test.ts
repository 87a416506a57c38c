import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { DocumentFormat } from '../../agent/core/job-plan.ts';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { rejection } from '../../agent/core/outcomes.ts';

const FORMAT_OF_HEADING: Readonly<Record<string, DocumentFormat>> = {
  Native: 'native',
  'AWS managed templates': 'managed-template',
  "Device Client's older format": 'device-client',
  "SDK v1 jobs agent's": 'sdk-v1',
};

const guide = await readFile(new URL('../../docs/job-documents.md', import.meta.url), 'utf8');
const sections = new Map(
  guide.split(/^## /m).map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);

describe('docs/job-documents.md', () => {
  for (const [heading, format] of Object.entries(FORMAT_OF_HEADING)) {
    const examples = jsonBlocks(sections.get(heading) ?? '');

    test(`the examples under "${heading}" are accepted as such`, () => {
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) {
        expect(parseJobDocument(example)).toMatchObject({ ok: true, plan: { format } });
      }
    });

    test(`the examples under "${heading}" show every member of the table`, () => {
      const shown = JSON.stringify(examples);
      for (const [, member] of (sections.get(heading) ?? '').matchAll(/^\| `(\w+)` +\|/gm)) {
        if (member !== 'conditions') expect(shown, member).toContain(`"${member}":`);
      }
    });
  }

  const rejected = [...guide.matchAll(/^\| `(\{.*?\})` \| (.*) \|$/gm)];
  test.each(rejected.map(([, document = '', reason = '']) => [document, reason]))(
    '%s is rejected for the reason it says',
    (document, reason) => {
      expect(reasonFor(JSON.parse(document) as JsonObject)).toBe(reason.replace(/^`(.*)`$/, '$1'));
    },
  );

  test('rejected documents of each format are shown', () => {
    expect(rejected.length).toBeGreaterThanOrEqual(10);
  });

  test.each([
    ['32 levels of nesting', (n: number) => ({ operation: 'x', parameters: nested(n - 1) }), 32],
    ['10,000 values', (n: number) => ({ operation: 'x', parameters: { list: Array(n - 4).fill(0) } }), 10_000],
    ['50 steps', (n: number) => ({ steps: Array(n).fill({ operation: 'x' }) }), 50],
    ['1 to 604,800', (n: number) => ({ operation: 'x', timeoutSeconds: n }), 604_800],
    ['at most 128 characters', (n: number) => ({ operation: 'x'.repeat(n) }), 128],
    ['at most 32 characters', (n: number) => ({ operation: 'x', runAs: 'x'.repeat(n) }), 32],
    ['at most 255 characters', (n: number) => ({ operation: 'x'.repeat(n), args: [] }), 255],
    ['at most 4,096 characters', (n: number) => ({ operation: 'x', path: 'x'.repeat(n) }), 4096],
    ['at most 256 characters', (n: number) => withAction({ runAsUser: 'x'.repeat(n) }), 256],
  ] as const)('the limit "%s" holds', (words, documentOf, limit) => {
    expect(guide).toContain(words);
    expect(parseJobDocument(documentOf(limit) as JsonObject).ok).toBe(true);
    expect(parseJobDocument(documentOf(limit + 1) as JsonObject).ok).toBe(false);
  });
});

function jsonBlocks(markdown: string): readonly JsonValue[] {
  return [...markdown.matchAll(/```json\n(.+?)```/gs)].map(([, text = '']) => JSON.parse(text) as JsonValue);
}

/** What the operator reads in the status details. */
function reasonFor(document: JsonObject): string | undefined {
  const parsed = parseJobDocument(document);
  return parsed.ok ? 'accepted' : rejection('JOB_DOCUMENT_INVALID', parsed.rejection).statusDetails.reason;
}

function nested(levels: number): JsonObject {
  return levels === 1 ? {} : { a: nested(levels - 1) };
}

function withAction(members: JsonObject): JsonObject {
  return {
    version: '1.0',
    steps: [{ action: { name: 'a', type: 'runCommand', input: { command: 'x' }, ...members } }],
  };
}
