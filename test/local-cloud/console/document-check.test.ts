import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentProblem, jobIdProblem } from '../../../local-cloud/console/page/document-check.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';

const TARGETS = ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'];

describe('what the form says is what the service says', () => {
  test('of any text as a document, but for placeholders, which are the service’s to judge', async () => {
    const cloud = await startTestCloud();
    let jobs = 0;
    const nearlyJson = fc.json().map((text) => `${text.slice(0, -1)}${text.slice(-1).repeat(2)}`);
    const objects = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    const documents = fc.oneof(
      fc.string(),
      fc.json(),
      nearlyJson,
      objects,
      fc.constant(`{"a":"${'x'.repeat(32_761)}"}`),
    );
    const withoutPlaceholders = documents.filter((document) => !document.includes('${'));
    fc.assert(
      fc.property(withoutPlaceholders, (document) => {
        const create = () => cloud.jobs.control('CreateJob', { jobId: `job-${++jobs}`, targets: TARGETS, document });
        if (documentProblem(document) === undefined) expect(create).not.toThrow();
        else expect(create).toThrow(/document/i);
      }),
    );
  });

  test('of any text as a job ID', async () => {
    const cloud = await startTestCloud();
    const characters = fc.constantFrom(...'aZ09_-. /$é');
    const jobIds = fc.uniqueArray(fc.string({ unit: characters, maxLength: 70 }), { minLength: 50, maxLength: 50 });
    const [sample = []] = fc.sample(jobIds, 1);
    for (const jobId of [...sample, '', 'x'.repeat(64), 'x'.repeat(65)]) {
      const create = () => cloud.jobs.control('CreateJob', { jobId, targets: TARGETS, document: '{}' });
      if (jobIdProblem(jobId) === undefined) expect(create).not.toThrow();
      else expect(create).toThrow(/jobId/);
    }
  });
});

test.each([
  [32_768, undefined],
  [32_769, '1 character too long'],
  [40_000, '7,232 characters too long'],
])('a document of %d characters: %s', (length, problem) => {
  const document = `{"a":"${'x'.repeat(length - 8)}"}`;
  if (problem === undefined) expect(documentProblem(document)).toBeUndefined();
  else expect(documentProblem(document)).toContain(problem);
});
