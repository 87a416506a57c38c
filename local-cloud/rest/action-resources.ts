/**
 * Which resources an operation is on, for policies that name them (Service Authorization Reference, "Actions, resources,
 * and condition keys for AWS IoT" and "… for AWS IoT Jobs DataPlane"). An action has its operation's name.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { ownMember } from '../../agent/core/json.ts';
import type { ControlOperationName, DataOperationName } from '../api-model/model.ts';
import { ACCOUNT_ID, REGION, thingArn } from '../jobs-service/state.ts';

type Resources = (input: JsonObject) => readonly string[];

const ARN = `arn:aws:iot:${REGION}:${ACCOUNT_ID}:`;

const job = named('job', 'jobId');
const jobTemplate = named('jobtemplate', 'jobTemplateId');
const thing = named('thing', 'thingName');
const group = named('thinggroup', 'thingGroupName');
const parentGroup = named('thinggroup', 'parentGroupName');
const certificate = named('cert', 'certificateId');
const policy = named('policy', 'policyName');
const packageOf = named('package', 'packageName');
const packageVersion: Resources = (input) =>
  texts(input, 'packageName').flatMap((name) =>
    texts(input, 'versionName').map((version) => `${ARN}package/${name}/version/${version}`),
  );
const managedTemplate: Resources = (input) =>
  texts(input, 'templateName').map((name) => `arn:aws:iot:${REGION}::jobtemplate/${name}`);
/** The actions have no resource types: a policy must name `*`. */
const none: Resources = () => [];

const CONTROL: Readonly<Record<ControlOperationName, Resources>> = {
  CreateJob: all(job, given('targets'), given('jobTemplateArn'), given('destinationPackageVersions')),
  DescribeJob: job,
  GetJobDocument: job,
  ListJobs: none,
  UpdateJob: job,
  CancelJob: job,
  DeleteJob: job,
  AssociateTargetsWithJob: all(job, given('targets')),
  ListJobExecutionsForJob: job,
  ListJobExecutionsForThing: thing,
  DescribeJobExecution: all(job, thing),
  CancelJobExecution: all(job, thing),
  DeleteJobExecution: all(job, thing),
  CreateJobTemplate: all(jobTemplate, given('jobArn'), given('destinationPackageVersions')),
  DescribeJobTemplate: jobTemplate,
  DeleteJobTemplate: jobTemplate,
  ListJobTemplates: none,
  DescribeManagedJobTemplate: managedTemplate,
  ListManagedJobTemplates: none,
  DescribeEndpoint: none,
  TagResource: given('resourceArn'),
  UntagResource: given('resourceArn'),
  ListTagsForResource: given('resourceArn'),
  CreateThing: thing,
  DescribeThing: thing,
  ListThings: none,
  UpdateThing: thing,
  DeleteThing: thing,
  CreateThingGroup: all(group, parentGroup),
  DescribeThingGroup: group,
  ListThingGroups: none,
  UpdateThingGroup: group,
  DeleteThingGroup: group,
  AddThingToThingGroup: all(thing, given('thingArn'), group, given('thingGroupArn')),
  RemoveThingFromThingGroup: all(thing, given('thingArn'), group, given('thingGroupArn')),
  ListThingsInThingGroup: group,
  ListThingGroupsForThing: thing,
  CreateKeysAndCertificate: none,
  RegisterCertificateWithoutCA: none,
  DescribeCertificate: certificate,
  ListCertificates: none,
  UpdateCertificate: certificate,
  DeleteCertificate: certificate,
  AttachThingPrincipal: given('principal'),
  DetachThingPrincipal: given('principal'),
  ListThingPrincipals: thing,
  ListPrincipalThings: none,
  CreatePolicy: policy,
  GetPolicy: policy,
  ListPolicies: none,
  DeletePolicy: policy,
  AttachPolicy: given('target'),
  DetachPolicy: given('target'),
  ListAttachedPolicies: none,
  ListTargetsForPolicy: policy,
  UpdateEventConfigurations: none,
  DescribeEventConfigurations: none,
  CreatePackage: packageOf,
  GetPackage: packageOf,
  ListPackages: none,
  UpdatePackage: packageOf,
  DeletePackage: packageOf,
  CreatePackageVersion: all(packageOf, packageVersion),
  GetPackageVersion: packageVersion,
  ListPackageVersions: packageOf,
  UpdatePackageVersion: all(packageOf, packageVersion),
  DeletePackageVersion: packageVersion,
};

export interface Action {
  /** `iot:CreateJob`, `iotjobsdata:UpdateJobExecution`. */
  readonly action: string;
  /** ARNs, each of which the caller must be allowed; `*` alone where the action is on none. */
  readonly resources: readonly string[];
  /** Condition keys of this request. */
  readonly keys: Readonly<Record<string, string | undefined>>;
}

/** @param input Members as they came, not checked: what is no text names no resource. */
export function controlAction(operation: ControlOperationName, input: JsonObject): Action {
  const resources = [...new Set(CONTROL[operation](input))];
  const [thingName] = texts(input, 'thingName');
  return {
    action: `iot:${operation}`,
    resources: resources.length > 0 ? resources : ['*'],
    keys: { 'iot:thingArn': thingName === undefined ? undefined : thingArn(thingName) },
  };
}

/** The data plane's actions are on the thing; `iot:JobId` is their condition key. */
export function dataAction(operation: DataOperationName, input: JsonObject): Action {
  return {
    action: `iotjobsdata:${operation}`,
    resources: thing(input),
    keys: { 'iot:JobId': texts(input, 'jobId')[0] },
  };
}

function named(type: string, member: string): Resources {
  return (input) => texts(input, member).map((name) => `${ARN}${type}/${name}`);
}

/** The member holds the ARN itself, or a list of them. */
function given(member: string): Resources {
  return (input) => texts(input, member);
}

function all(...parts: readonly Resources[]): Resources {
  return (input) => parts.flatMap((part) => part(input));
}

function texts(input: JsonObject, member: string): readonly string[] {
  const value = ownMember(input, member);
  return [value].flat().filter((text): text is string => typeof text === 'string' && text !== '');
}
