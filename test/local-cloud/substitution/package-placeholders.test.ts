import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { type DocumentHarness, startDocuments } from './document-harness.ts';

const ARN = 'arn:aws:iot:us-east-1:123456789012:package/core/version/';
const ATTRIBUTES = { location: 'https://firmware.s3.us-east-1.amazonaws.com/core.bin', signature: 'a"b', 'x:y': '1' };
const ARTIFACT = { s3Location: { bucket: 'firmware', key: 'core.bin', version: 'v7' } };

function startWithPackage(): DocumentHarness {
  const documents = startDocuments();
  documents.publish('core', '1.0', { attributes: ATTRIBUTES, artifact: ARTIFACT });
  return documents;
}

function placeholder(rest: string, name = 'core', version = '1.0'): string {
  return `\${aws:iot:package:${name}:version:${version}:${rest}}`;
}

function createJob(documents: DocumentHarness, document: JsonObject, members: JsonObject = {}) {
  documents.createJob(document, { destinationPackageVersions: [`${ARN}1.0`], ...members });
}

describe('attributes', () => {
  test('one of them stands where its placeholder was', () => {
    const documents = startWithPackage();
    createJob(documents, { a: `<${placeholder('attributes:signature')}>`, b: placeholder('attributes:x:y') });
    expect(documents.received()).toEqual({ a: '<a"b>', b: '1' });
  });

  test('all of them are a JSON object', () => {
    const documents = startWithPackage();
    createJob(documents, { a: placeholder('attributes') });
    expect(documents.received()).toEqual({ a: ATTRIBUTES });
  });

  test('an empty name and version are those of the only destination', () => {
    const documents = startWithPackage();
    createJob(documents, { a: placeholder('attributes', '', ''), b: placeholder('attributes:x:y', '', '') });
    expect(documents.received()).toEqual({ a: ATTRIBUTES, b: '1' });
  });

  test('one of them may be the URL that is signed', () => {
    const documents = startWithPackage();
    createJob(documents, { a: `\${aws:iot:s3-presigned-url-v2:${placeholder('attributes:location')}}` });
    expect(documents.received()).toEqual({ a: 'https://store/firmware/core.bin?GET&at=0&for=3600' });
    expect(documents.control('GetJobDocument', { jobId: 'a' })).toEqual({
      document: `{"a":"\${aws:iot:s3-presigned-url-v2:${ATTRIBUTES.location}}"}`,
    });
  });

  test('the default version is what it was when the job was made; the view before shows $default', () => {
    const documents = startWithPackage();
    documents.publish('core', '2.0');
    documents.control('UpdatePackage', { packageName: 'core', defaultVersionName: '1.0' });
    const document = { a: placeholder('attributes:x:y', 'core', '$default') };
    createJob(documents, document, { destinationPackageVersions: [`${ARN}$default`] });
    documents.control('UpdatePackage', { packageName: 'core', defaultVersionName: '2.0' });

    expect(documents.received()).toEqual({ a: '1' });
    expect(documents.control('GetJobDocument', { jobId: 'a' })).toEqual({ document: '{"a":"1"}' });
    expect(documents.control('GetJobDocument', { jobId: 'a', beforeSubstitution: 'true' })).toEqual({
      document: JSON.stringify(document),
    });
    expect(documents.control('DescribeJob', { jobId: 'a' })).toMatchObject({
      job: { destinationPackageVersions: [`${ARN}1.0`] },
    });
    expect(documents.control('DescribeJob', { jobId: 'a', beforeSubstitution: true })).toMatchObject({
      job: { destinationPackageVersions: [`${ARN}$default`] },
    });
  });
});

describe('artifacts', () => {
  test.each(['artifact', 'artifact-location'])('%s: is a URL of the place in S3', (spelling) => {
    const documents = startWithPackage();
    createJob(documents, { a: placeholder(`${spelling}:s3-presigned-url`) });
    expect(documents.received()).toEqual({ a: 'https://store/firmware/core.bin?GET&at=0&for=3600&v=v7' });
  });

  test('the URL outlives the package version', () => {
    const documents = startWithPackage();
    createJob(documents, { a: placeholder('artifact:s3-presigned-url', '', '') });
    documents.control('DeletePackageVersion', { packageName: 'core', versionName: '1.0' });
    expect(documents.received()).toEqual({ a: 'https://store/firmware/core.bin?GET&at=0&for=3600&v=v7' });
  });

  test('without a role they are refused, by name', () => {
    const create = () =>
      createJob(startWithPackage(), { a: placeholder('artifact:s3-presigned-url') }, { presignedUrlConfig: null });
    expect(create).toThrow(
      'presignedUrlConfig role ARN is required to generate an S3 presigned url in job document for package core version 1.0 artifact.',
    );
  });

  test('a version without one is refused', () => {
    const documents = startDocuments();
    documents.publish('core', '1.0');
    expect(() => createJob(documents, { a: placeholder('artifact:s3-presigned-url') })).toThrow(
      'Package core version 1.0 does not have an associated artifact to generate an S3 presigned url.',
    );
  });

  test('inside another placeholder they are refused', () => {
    const nested = `\${aws:iot:s3-presigned-url:${placeholder('artifact:s3-presigned-url')}}`;
    expect(() => createJob(startWithPackage(), { a: nested })).toThrow('cannot be nested inside another placeholder.');
  });
});

describe('documents that are refused', () => {
  const ALL_ALONE =
    'The package version attribute placeholder for all attributes has to be a json value by itself and not appended with other strings or nested with other placeholders.';
  test.each([
    [`x${placeholder('attributes')}`, ALL_ALONE],
    [`\${aws:iot:s3-presigned-url:${placeholder('attributes')}}`, ALL_ALONE],
    [placeholder('attributes:x', '', '1.0'), 'Empty package name and version name have to be used in pair.'],
    [placeholder('attributes:x', 'core', ''), 'Empty package name and version name have to be used in pair.'],
    [
      placeholder('attributes:x', 'core', '$null'),
      '$null is not allowed to be referenced as a package version in job documents.',
    ],
    [placeholder('attributes:none'), 'Package core version 1.0 does not have an attribute none.'],
    [placeholder('attributes:x:y', 'other', '1.0'), 'and not in destinationPackageVersions.'],
    [placeholder('attributes:x:y', 'core', '$default'), 'and not in destinationPackageVersions.'],
    [placeholder('nothing'), 'Undefined placeholder'],
  ])('%s: %s', (text, message) => {
    expect(() => createJob(startWithPackage(), { a: text })).toThrow(
      expect.objectContaining({ name: 'InvalidJobDocumentException', message: expect.stringContaining(message) }),
    );
  });

  test('an empty name and version with two destinations', () => {
    const documents = startWithPackage();
    documents.publish('other', '1.0');
    const destinationPackageVersions = [`${ARN}1.0`, `${ARN}1.0`.replace('core', 'other')];
    const create = () => createJob(documents, { a: placeholder('attributes', '', '') }, { destinationPackageVersions });
    expect(create).toThrow(
      'Cannot resolve empty package name and version name given multiple elements in destination package versions.',
    );
  });

  test('all attributes in the place of a name', () => {
    const create = () => createJob(startWithPackage(), { [placeholder('attributes')]: 1 });
    expect(create).toThrow('no JSON object after substitution');
  });
});

describe('destinations', () => {
  test.each([
    ['of a package that is not there', `${ARN}1.0`.replace('core', 'none'), 'ResourceNotFoundException'],
    ['of a version that is not there', `${ARN}9`, 'ResourceNotFoundException'],
    ['of another account', `${ARN}1.0`.replace('123456789012', '210987654321'), 'ResourceNotFoundException'],
    ['of a thing', 'arn:aws:iot:us-east-1:123456789012:thing/gw-1', 'InvalidRequestException'],
    ['of a default that is not set', `${ARN}$default`, 'InvalidRequestException'],
    ['of a draft', `${ARN}draft`, 'InvalidRequestException'],
  ])('an ARN %s is refused', (_what, arn, name) => {
    const documents = startWithPackage();
    documents.control('CreatePackageVersion', { packageName: 'core', versionName: 'draft' });
    const create = () => createJob(documents, { a: 1 }, { destinationPackageVersions: [arn] });
    expect(create).toThrow(expect.objectContaining({ name }));
  });

  test('more than 25 are refused', () => {
    const destinationPackageVersions = Array.from({ length: 26 }, () => `${ARN}1.0`);
    expect(() => createJob(startWithPackage(), { a: 1 }, { destinationPackageVersions })).toThrow('more than 25');
  });

  test('a deprecated version may be installed; success makes it what the thing has', () => {
    const documents = startWithPackage();
    documents.control('UpdatePackageVersion', { packageName: 'core', versionName: '1.0', action: 'DEPRECATE' });
    createJob(documents, { a: 1 });
    const installed = () => documents.state.things.get('gw-1')?.installedPackages;
    documents.device('a/update', { status: 'IN_PROGRESS' });
    expect(installed()).toEqual(new Map());
    documents.device('a/update', { status: 'SUCCEEDED' });
    expect(installed()).toEqual(new Map([['core', { version: '1.0', attributes: {} }]]));
  });

  test('$null takes the package from the thing, and failure changes nothing', () => {
    const documents = startWithPackage();
    createJob(documents, { a: 1 });
    documents.device('a/update', { status: 'SUCCEEDED' });
    for (const [jobId, status, count] of [
      ['b', 'FAILED', 1],
      ['c', 'SUCCEEDED', 0],
    ] as const) {
      documents.createJob({ a: 1 }, { destinationPackageVersions: [`${ARN}$null`] }, jobId);
      documents.device(`${jobId}/update`, { status });
      expect(documents.state.things.get('gw-1')?.installedPackages.size).toBe(count);
    }
  });
});
