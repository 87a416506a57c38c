// Takes from AWS's published service models what job-cloud checks requests by: the operations it serves, and the shapes
// of their inputs. Run by hand when AWS changes a model:
//   node scripts/extract-api-model.mjs FOLDER
// FOLDER is botocore's `data` folder (in the Python package botocore, Apache-2.0), which has the models of all services.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const SERVED = {
  iot: [
    ...['CreateJob', 'DescribeJob', 'GetJobDocument', 'ListJobs', 'UpdateJob', 'CancelJob', 'DeleteJob'],
    ...['AssociateTargetsWithJob', 'ListJobExecutionsForJob', 'ListJobExecutionsForThing'],
    ...['DescribeJobExecution', 'CancelJobExecution', 'DeleteJobExecution'],
    ...['CreateJobTemplate', 'DescribeJobTemplate', 'DeleteJobTemplate', 'ListJobTemplates'],
    ...['DescribeManagedJobTemplate', 'ListManagedJobTemplates', 'DescribeEndpoint'],
    ...['TagResource', 'UntagResource', 'ListTagsForResource'],
    ...['CreateThing', 'DescribeThing', 'ListThings', 'UpdateThing', 'DeleteThing'],
    ...['CreateThingGroup', 'DescribeThingGroup', 'ListThingGroups', 'UpdateThingGroup', 'DeleteThingGroup'],
    ...['AddThingToThingGroup', 'RemoveThingFromThingGroup', 'ListThingsInThingGroup', 'ListThingGroupsForThing'],
    ...['CreateKeysAndCertificate', 'RegisterCertificateWithoutCA', 'DescribeCertificate', 'ListCertificates'],
    ...['UpdateCertificate', 'DeleteCertificate', 'AttachThingPrincipal', 'DetachThingPrincipal'],
    ...['ListThingPrincipals', 'ListPrincipalThings'],
    ...['CreatePolicy', 'GetPolicy', 'ListPolicies', 'DeletePolicy', 'AttachPolicy', 'DetachPolicy'],
    ...['ListAttachedPolicies', 'ListTargetsForPolicy', 'UpdateEventConfigurations', 'DescribeEventConfigurations'],
    ...['CreatePackage', 'GetPackage', 'ListPackages', 'UpdatePackage', 'DeletePackage'],
    ...['CreatePackageVersion', 'GetPackageVersion', 'ListPackageVersions', 'UpdatePackageVersion'],
    ...['DeletePackageVersion'],
  ],
  'iot-jobs-data': [
    ...['GetPendingJobExecutions', 'StartNextPendingJobExecution', 'DescribeJobExecution', 'UpdateJobExecution'],
  ],
};
/** What of a shape can be checked. */
const KEPT = ['type', 'required', 'members', 'member', 'key', 'value', 'min', 'max', 'pattern', 'enum'];
const KEPT_OF_REFERENCE = ['shape', 'location', 'locationName'];

const [dataFolder] = process.argv.slice(2);
if (dataFolder === undefined) throw new Error('Usage: node scripts/extract-api-model.mjs FOLDER');
for (const [service, names] of Object.entries(SERVED)) {
  const [version] = (await readdir(join(dataFolder, service))).sort().reverse();
  const packed = await readFile(join(dataFolder, service, version, 'service-2.json.gz'));
  const extract = extractFrom(JSON.parse(gunzipSync(packed).toString()), names);
  const file = new URL(`../local-cloud/api-model/${service}.json`, import.meta.url);
  await writeFile(file, `${JSON.stringify({ service, version, ...extract }, null, 2)}\n`);
  process.stdout.write(`${fileURLToPath(file)}: ${names.length} operations. Format it with npm run format.\n`);
}

function extractFrom(model, names) {
  const shapes = {};
  const operations = {};
  for (const name of names) {
    const { http, input, errors = [] } = model.operations[name];
    operations[name] = {
      method: http.method,
      path: http.requestUri,
      ...(input && { input: input.shape }),
      errors: Object.fromEntries(errors.map(({ shape }) => [shape, model.shapes[shape].error.httpStatusCode])),
    };
    if (input) keepShape(model, input.shape, shapes);
  }
  return { operations, shapes };
}

function keepShape(model, name, shapes) {
  if (shapes[name]) return;
  const shape = pick(model.shapes[name], KEPT);
  shapes[name] = shape;
  if (shape.members) shape.members = mapValues(shape.members, (member) => pick(member, KEPT_OF_REFERENCE));
  for (const part of ['member', 'key', 'value']) {
    if (shape[part]) shape[part] = pick(shape[part], KEPT_OF_REFERENCE);
  }
  const parts = [...Object.values(shape.members ?? {}), shape.member, shape.key, shape.value];
  for (const part of parts) if (part) keepShape(model, part.shape, shapes);
}

function pick(object, keys) {
  return Object.fromEntries(keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]));
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
