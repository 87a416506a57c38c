/** The documents of docs/recipes.md are what the agent takes: as AWS IoT has them, and as a gateway receives them. */
import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { withUnsignedUrls } from '../../agent/cli/presigned-placeholders.ts';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { jobDocumentSchema } from '../../scripts/docs/job-document-schema.ts';

const guide = await readFile(new URL('../../docs/recipes.md', import.meta.url), 'utf8');
const recipes = guide
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [, text = '{}'] = /```json\n(.+?)```/s.exec(section) ?? [];
    return [section.slice(0, section.indexOf('\n')), JSON.parse(text) as JsonObject] as const;
  });

const validate = new Ajv({ strictTypes: false, strictRequired: false, keywords: ['patternErrorMessage'] }).compile(
  jobDocumentSchema(),
);
const problemsOf = (document: JsonValue) => (validate(document) ? [] : validate.errors);

test('there are recipes', () => expect(recipes.length).toBeGreaterThan(5));

test.each(recipes)('%s: an editor has nothing to say of it', (_, document) => {
  expect(problemsOf(document)).toEqual([]);
});

test.each(recipes)('%s: a gateway takes it', (_, document) => {
  const { value } = withUnsignedUrls(document, 'gateway-1');
  expect(JSON.stringify(value)).not.toContain('${');
  expect(parseJobDocument(value)).toMatchObject({ ok: true, plan: { format: 'native' } });
  expect(problemsOf(value)).toEqual([]);
});
