import { describe, expect, test } from 'vitest';
import { DEFAULT_SUBSTITUTION_RULES } from '../../../local-cloud/substitution/document-plan.ts';
import { startDocuments } from './document-harness.ts';

const DOWNLOAD = '${aws:iot:s3-presigned-url:https://s3.us-east-1.amazonaws.com/firmware/a b/c%20d.bin}';
const UPLOAD = '${aws:iot:s3-presigned-url-upload:https://s3.us-east-1.amazonaws.com/logs/';

describe('downloads', () => {
  test('a device gets a URL where the document has a placeholder', () => {
    const documents = startDocuments();
    documents.createJob({ url: DOWNLOAD, text: `see ${DOWNLOAD}!` });
    const url = 'https://store/firmware/a b/c%20d.bin?GET&at=0&for=3600';
    expect(documents.received()).toEqual({ url, text: `see ${url}!` });
  });

  test.each([
    ['https://s3.eu-west-1.amazonaws.com/firmware/k', 'firmware/k'],
    ['https://s3.amazonaws.com/firmware/k', 'firmware/k'],
    ['https://s3-eu-west-1.amazonaws.com/firmware/k', 'firmware/k'],
    ['https://firmware.s3.eu-west-1.amazonaws.com/k/l', 'firmware/k/l'],
    ['https://firmware.s3.amazonaws.com/k', 'firmware/k'],
    ['https://s3.cn-north-1.amazonaws.com.cn/firmware/k', 'firmware/k'],
  ])('%s is %s of the store, in every version of the placeholder', (url, object) => {
    for (const version of ['', '-v1', '-v2']) {
      const documents = startDocuments();
      documents.createJob({ u: `\${aws:iot:s3-presigned-url${version}:${url}}` });
      expect(documents.received()).toEqual({ u: `https://store/${object}?GET&at=0&for=3600` });
    }
  });

  test('v2 takes an encoded URL and a version', () => {
    const documents = startDocuments();
    documents.createJob({
      u: '${aws:iot:s3-presigned-url-v2:https://firmware.s3.us-west-2.amazonaws.com/a%2Bb%20c%3FversionId%3Dv%2F1}',
    });
    expect(documents.received()).toEqual({ u: 'https://store/firmware/a+b c?GET&at=0&for=3600&v=v/1' });
  });

  test.each([
    'https://example.com/firmware/k',
    'https://s3.us-east-1.amazonaws.com/firmware',
    'https://s3.us-east-1.amazonaws.com/firmware/',
    'https://s3.us-east-1.amazonaws.com/UPPER/k',
    'https://s3.us-east-1.amazonaws.com/../k',
    `https://s3.us-east-1.amazonaws.com/firmware/${'k'.repeat(1025)}`,
    '',
  ])('%s names no object', (url) => {
    const create = () => startDocuments().createJob({ u: `\${aws:iot:s3-presigned-url-v2:${url}}` });
    expect(create).toThrow(
      expect.objectContaining({
        name: 'InvalidRequestException',
        message: 'Provided argument for presigned url is invalid',
      }),
    );
  });

  test('each receipt has a URL of its own time, valid as long as the job says', () => {
    const documents = startDocuments();
    documents.createJob(
      { url: DOWNLOAD },
      { presignedUrlConfig: { roleArn: `arn:${'r'.repeat(20)}`, expiresInSec: 60 } },
    );
    const [next] = documents.notifiedNext();
    documents.advance(10);
    const described = documents.device('a/get');
    documents.advance(10);
    const started = documents.device('start-next');
    documents.advance(10);
    const updated = documents.device('a/update', { status: 'IN_PROGRESS', includeJobDocument: true });
    const stamps = [next, described, started, updated].map((message) => /GET&at=\d+&for=\d+/.exec(message ?? '')?.[0]);
    expect(stamps).toEqual(['GET&at=0&for=60', 'GET&at=10&for=60', 'GET&at=20&for=60', 'GET&at=30&for=60']);
  });

  test('GetJobDocument shows the placeholder', () => {
    const documents = startDocuments();
    const text = JSON.stringify({ url: DOWNLOAD });
    documents.createJob(text);
    expect(documents.control('GetJobDocument', { jobId: 'a' })).toEqual({ document: text });
  });

  test('a job without a role makes none', () => {
    const create = () => startDocuments().createJob({ url: DOWNLOAD }, { presignedUrlConfig: null });
    expect(create).toThrow(
      expect.objectContaining({
        name: 'InvalidRequestException',
        message: 'presignedUrlConfig role ARN is required to generate an S3 presigned url in job document.',
      }),
    );
  });

  test('more than ten are refused, unless the rules allow them', () => {
    const document = { urls: Array.from({ length: 11 }, () => DOWNLOAD) };
    expect(() => startDocuments().createJob(document)).toThrow('has 11 pre-signed URLs, more than 10');
    const documents = startDocuments({ ...DEFAULT_SUBSTITUTION_RULES, maxPresignedUrls: Infinity });
    documents.createJob(document);
    expect(documents.received()).toMatchObject({ urls: { length: 11 } });
  });

  test('a refused document leaves no job', () => {
    const documents = startDocuments();
    expect(() => documents.createJob({ a: '${aws:iot:s3-presigned-url:x' })).toThrow('not terminated');
    expect(documents.state.jobs.size).toBe(0);
  });
});

describe('uploads', () => {
  test('the key has the thing, the job and the number of the execution', () => {
    const documents = startDocuments();
    documents.createJob({ u: `${UPLOAD}\${thingName}/\${jobId}-\${executionNumber}/\${jobId}.log}` });
    expect(documents.received()).toEqual({ u: 'https://store/logs/gw-1/a-1/a.log?PUT&at=0&for=3600' });
  });

  test.each(['${aws:iot:s3-presigned-url-upload}', '${aws:iot:s3-presigned-url-upload:}'])(
    '%s has a key of its own for each execution',
    (placeholder) => {
      const documents = startDocuments();
      documents.createJob({ u: placeholder });
      expect(documents.received()).toEqual({ u: 'https://store/iot-job-uploads/gw-1/a/1?PUT&at=0&for=3600' });
    },
  );

  test.each([
    [
      `${UPLOAD}\${jobId}\${jobId}\${jobId}}`,
      'The occurrence of local placeholder ${jobId} within S3 presigned url upload placeholder exceeds limit of 2.',
    ],
    [`${UPLOAD}\${day}}`, 'Undefined placeholder, ${day}, inside of presign url upload parameter'],
    [
      '${aws:iot:s3-presigned-url-upload:https://s3.amazonaws.com/${jobId}/k}',
      'S3 bucket name in presigned url upload is not allowed to contain any placeholders',
    ],
  ])('%s is refused: %s', (placeholder, message) => {
    expect(() => startDocuments().createJob({ u: placeholder })).toThrow(
      expect.objectContaining({ name: 'InvalidJobDocumentException', message }),
    );
  });

  test('a local placeholder in a download is refused', () => {
    const url = '${aws:iot:s3-presigned-url:https://s3.amazonaws.com/firmware/${thingName}}';
    expect(() => startDocuments().createJob({ url })).toThrow(
      'Local placeholder, ${thingName}, is only valid inside of presign url upload',
    );
  });
});

describe('everything else', () => {
  test('a document without placeholders goes out as the very text it was made with', () => {
    const documents = startDocuments();
    const text = '{ "b": 1.0,\n"a": 12345678901234567890, "a": "$& \\u0041" }';
    documents.createJob(text, { presignedUrlConfig: null });
    expect(documents.device('a/get')).toContain(`"jobDocument":${text}`);
  });

  test('what is beside a placeholder stays as it was written', () => {
    const documents = startDocuments();
    documents.createJob(`{ "n": 1.0, "\\u0061": "\\u0042", "u":"${DOWNLOAD}", "big":12345678901234567890 }`);
    expect(documents.device('a/get')).toContain(
      '{ "n": 1.0, "\\u0061": "\\u0042", "u":"https://store/firmware/a b/c%20d.bin?GET&at=0&for=3600", "big":12345678901234567890 }',
    );
  });

  test("a shell's variable is nobody's placeholder", () => {
    const documents = startDocuments();
    const text = '{"args":["${HOME:-${XDG}}", "${thingName}", "$(id) $1 }"]}';
    documents.createJob(text);
    expect(documents.device('a/get')).toContain(`"jobDocument":${text}`);
  });

  test('a placeholder that AWS does not have is refused, or kept where the rules say so', () => {
    const document = { a: '${aws:iot:s3-presigned-ulr:x}' };
    expect(() => startDocuments().createJob(document)).toThrow('Undefined placeholder');
    const documents = startDocuments({ ...DEFAULT_SUBSTITUTION_RULES, unknownPlaceholders: 'kept' });
    documents.createJob(document);
    expect(documents.received()).toEqual(document);
  });

  test('a pre-signed URL inside another placeholder is refused', () => {
    expect(() => startDocuments().createJob({ a: `\${aws:iot:s3-presigned-url:${DOWNLOAD}}` })).toThrow(
      '${aws:iot:s3-presigned-url[...]} should not be the second layer pattern.',
    );
  });
});
