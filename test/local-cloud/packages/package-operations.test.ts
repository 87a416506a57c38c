import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { ControlError } from '../../../local-cloud/jobs-service/control-error.ts';
import { startDocuments } from '../substitution/document-harness.ts';

const PACKAGE = { packageName: 'core' };
const VERSION = { packageName: 'core', versionName: '1.0' };
const ARN = 'arn:aws:iot:us-east-1:123456789012:package/core';

function startCatalog() {
  const catalog = startDocuments();
  catalog.control('CreatePackage', PACKAGE);
  catalog.control('CreatePackageVersion', VERSION);
  return catalog;
}

describe('packages', () => {
  test('a package is made, described, changed and deleted', () => {
    const catalog = startDocuments();
    expect(catalog.control('CreatePackage', { ...PACKAGE, description: 'the core' })).toEqual({
      packageName: 'core',
      packageArn: ARN,
      description: 'the core',
    });
    catalog.advance(1.5);
    expect(catalog.control('UpdatePackage', { ...PACKAGE, description: 'it' })).toEqual({});
    expect(catalog.control('GetPackage', PACKAGE)).toEqual({
      packageName: 'core',
      packageArn: ARN,
      description: 'it',
      creationDate: 1_700_000_000,
      lastModifiedDate: 1_700_000_001.5,
    });
    expect(catalog.control('DeletePackage', PACKAGE)).toEqual({});
    expect(refusal(() => catalog.control('GetPackage', PACKAGE))).toBe('ResourceNotFoundException');
  });

  test('a name is taken once', () => {
    const create = () => startCatalog().control('CreatePackage', PACKAGE);
    expect(create).toThrow(expect.objectContaining({ name: 'ConflictException', members: { resourceId: 'core' } }));
  });

  test('tags are those of ListTagsForResource, and go with the package', () => {
    const catalog = startDocuments();
    catalog.control('CreatePackage', { ...PACKAGE, tags: { team: 'a' } });
    expect(catalog.state.registry.tags.get(ARN)).toEqual(new Map([['team', 'a']]));
    catalog.control('DeletePackage', PACKAGE);
    expect(catalog.state.registry.tags.has(ARN)).toBe(false);
  });

  test('a package with versions is not deleted; one that is not there is', () => {
    const catalog = startCatalog();
    expect(refusal(() => catalog.control('DeletePackage', PACKAGE))).toBe('ValidationException');
    expect(catalog.control('DeletePackage', { packageName: 'none' })).toEqual({});
  });

  test('lists come in pages, in the order of names, each package once', () => {
    const catalog = startDocuments();
    for (const packageName of ['b', 'd', 'a', 'c', 'e']) catalog.control('CreatePackage', { packageName });
    const names: unknown[] = [];
    let page: JsonObject = {};
    do {
      page = catalog.control('ListPackages', {
        maxResults: 2,
        ...(page.nextToken !== undefined && { nextToken: page.nextToken }),
      });
      names.push((page.packageSummaries as JsonObject[]).map(({ packageName }) => packageName));
    } while (page.nextToken !== undefined);
    expect(names).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(refusal(() => catalog.control('ListPackages', { nextToken: 'x' }))).toBe('ValidationException');
  });

  test('the default version is one that can be deployed', () => {
    const catalog = startCatalog();
    const setDefault = (members: JsonObject) => catalog.control('UpdatePackage', { ...PACKAGE, ...members });
    expect(refusal(() => setDefault({ defaultVersionName: '1.0' }))).toBe('ConflictException');
    expect(refusal(() => setDefault({ defaultVersionName: '9' }))).toBe('ResourceNotFoundException');
    catalog.control('UpdatePackageVersion', { ...VERSION, action: 'PUBLISH' });
    setDefault({ defaultVersionName: '1.0' });
    expect(catalog.control('GetPackage', PACKAGE)).toMatchObject({ defaultVersionName: '1.0' });
    expect(refusal(() => catalog.control('DeletePackageVersion', VERSION))).toBe('ValidationException');
    expect(refusal(() => setDefault({ defaultVersionName: '1.0', unsetDefaultVersion: true }))).toBe(
      'ValidationException',
    );
    setDefault({ unsetDefaultVersion: true });
    expect(catalog.control('GetPackage', PACKAGE)).not.toHaveProperty('defaultVersionName');
    expect(catalog.control('DeletePackageVersion', VERSION)).toEqual({});
  });
});

describe('versions', () => {
  test('a version begins as a draft with all it was given', () => {
    const catalog = startDocuments();
    catalog.control('CreatePackage', PACKAGE);
    const given = {
      description: 'first',
      attributes: { a: '1', 'x:y': '2' },
      recipe: '{}',
      artifact: { s3Location: { bucket: 'b', key: 'k', version: 'v' } },
    };
    const { artifact, recipe, ...shown } = given;
    const created = { ...VERSION, packageVersionArn: `${ARN}/version/1.0`, ...shown, status: 'DRAFT' };
    expect(catalog.control('CreatePackageVersion', { ...VERSION, ...given })).toEqual(created);
    expect(catalog.control('GetPackageVersion', VERSION)).toEqual({
      ...created,
      artifact,
      recipe,
      creationDate: 1_700_000_000,
      lastModifiedDate: 1_700_000_000,
    });
  });

  test('a version needs its package, and a name of its own', () => {
    expect(refusal(() => startDocuments().control('CreatePackageVersion', VERSION))).toBe('ValidationException');
    expect(refusal(() => startCatalog().control('CreatePackageVersion', VERSION))).toBe('ConflictException');
  });

  test.each([
    ['DRAFT', [], 'PUBLISH', 'PUBLISHED'],
    ['DRAFT', [], 'DEPRECATE', 'ConflictException'],
    ['PUBLISHED', ['PUBLISH'], 'DEPRECATE', 'DEPRECATED'],
    ['PUBLISHED', ['PUBLISH'], 'PUBLISH', 'ConflictException'],
    ['DEPRECATED', ['PUBLISH', 'DEPRECATE'], 'PUBLISH', 'PUBLISHED'],
    ['DEPRECATED', ['PUBLISH', 'DEPRECATE'], 'DEPRECATE', 'ConflictException'],
  ])('%s after %j and %s is %s', (_status, before, action, outcome) => {
    const catalog = startCatalog();
    const act = (name: string) => catalog.control('UpdatePackageVersion', { ...VERSION, action: name });
    before.forEach(act);
    const refused = refusal(() => act(action));
    expect(refused ?? catalog.control('GetPackageVersion', VERSION).status).toBe(outcome);
  });

  test('attributes and artifact change in a draft alone, description and recipe always', () => {
    const catalog = startCatalog();
    const update = (members: JsonObject) => catalog.control('UpdatePackageVersion', { ...VERSION, ...members });
    update({ attributes: { a: '1' }, artifact: { s3Location: { bucket: 'b', key: 'k' } }, action: 'PUBLISH' });
    expect(refusal(() => update({ attributes: { a: '2' }, description: 'no' }))).toBe('ConflictException');
    expect(refusal(() => update({ artifact: { s3Location: { bucket: 'c', key: 'k' } } }))).toBe('ConflictException');
    update({ description: 'yes', recipe: '{"a":1}' });
    expect(catalog.control('GetPackageVersion', VERSION)).toMatchObject({
      attributes: { a: '1' },
      artifact: { s3Location: { bucket: 'b', key: 'k' } },
      description: 'yes',
      recipe: '{"a":1}',
      status: 'PUBLISHED',
    });
  });

  test('attributes have at most 3 KB together, counted in bytes', () => {
    const catalog = startCatalog();
    const update = (value: string) => catalog.control('UpdatePackageVersion', { ...VERSION, attributes: { k: value } });
    expect(update('v'.repeat(3071))).toEqual({});
    expect(refusal(() => update('v'.repeat(3072)))).toBe('ValidationException');
    expect(refusal(() => update('é'.repeat(1536)))).toBe('ValidationException');
  });

  test('versions are listed by status', () => {
    const catalog = startCatalog();
    catalog.publish('core', '2.0');
    const list = (members: JsonObject) =>
      (catalog.control('ListPackageVersions', { ...PACKAGE, ...members }).packageVersionSummaries as JsonObject[]).map(
        ({ versionName }) => versionName,
      );
    expect(list({})).toEqual(['1.0', '2.0']);
    expect(list({ status: 'PUBLISHED' })).toEqual(['2.0']);
    expect(refusal(() => list({ packageName: 'none' }))).toBe('ValidationException');
  });
});

describe('client tokens', () => {
  const clientToken = '5f0d8f5e-7f43-4a53-8a0b-6f1f9d2a7c11';

  test('a request that comes again is answered again and done once', () => {
    const catalog = startDocuments();
    const create = () => catalog.control('CreatePackage', { ...PACKAGE, clientToken });
    const first = create();
    catalog.control('DeletePackage', PACKAGE);
    expect(create()).toEqual(first);
    expect(refusal(() => catalog.control('GetPackage', PACKAGE))).toBe('ResourceNotFoundException');
  });

  test('one token is not for two requests', () => {
    const catalog = startDocuments();
    catalog.control('CreatePackage', { ...PACKAGE, clientToken });
    expect(refusal(() => catalog.control('CreatePackage', { packageName: 'other', clientToken }))).toBe(
      'ValidationException',
    );
    expect(refusal(() => catalog.control('DeletePackage', { ...PACKAGE, clientToken }))).toBe('ValidationException');
  });
});

test.each([
  ['CreatePackage', { packageName: 'a b' }],
  ['CreatePackage', { packageName: '' }],
  ['CreatePackage', { packageName: 'a', clientToken: 'short' }],
  ['CreatePackageVersion', { packageName: 'a', versionName: 'v'.repeat(65) }],
  ['UpdatePackageVersion', { packageName: 'a', versionName: '1', action: 'DELETE' }],
  ['ListPackages', { maxResults: 101 }],
] as const)('%s of %j is a ValidationException', (operation, input) => {
  expect(refusal(() => startDocuments().control(operation, input))).toBe('ValidationException');
});

/** The name of AWS's exception, or undefined where there was none. */
function refusal(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ControlError) return error.name;
    throw error;
  }
}
