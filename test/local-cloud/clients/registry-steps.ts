/** Things, groups, certificates, policies, tags, events and packages. */
import { control, type Step } from './scenario.ts';

const POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}';

/** Begins: makes the thing and the group that other steps use. */
export const REGISTRY_STEPS: readonly Step[] = [
  control(
    'CreateThing',
    { thingName: '{{thing}}', attributePayload: { attributes: { model: 'x1' } } },
    {
      gives: { thingName: '{{thing}}' },
      keeps: { thingArn: 'thingArn' },
    },
  ),
  control(
    'DescribeThing',
    { thingName: '{{thing}}' },
    { gives: { thingArn: '{{thingArn}}', attributes: { model: 'x1' } } },
  ),
  control('DescribeThing', { thingName: 'nowhere' }, { refused: ['ResourceNotFoundException', 404] }),
  control('UpdateThing', { thingName: '{{thing}}', attributePayload: { attributes: { site: 'y' }, merge: true } }),
  control(
    'ListThings',
    { attributeName: 'site', attributeValue: 'y' },
    {
      gives: { things: [{ thingName: '{{thing}}', attributes: { model: 'x1', site: 'y' } }] },
    },
  ),
  control('CreateThingGroup', { thingGroupName: 'g' }, { keeps: { groupArn: 'thingGroupArn' } }),
  control('UpdateThingGroup', { thingGroupName: 'g', thingGroupProperties: { thingGroupDescription: 'of a test' } }),
  control(
    'DescribeThingGroup',
    { thingGroupName: 'g' },
    {
      gives: { thingGroupArn: '{{groupArn}}', thingGroupProperties: { thingGroupDescription: 'of a test' } },
    },
  ),
  control('ListThingGroups', {}, { gives: { thingGroups: [{ groupName: 'g', groupArn: '{{groupArn}}' }] } }),
  control('AddThingToThingGroup', { thingGroupName: 'g', thingName: '{{thing}}' }),
  control('ListThingsInThingGroup', { thingGroupName: 'g' }, { gives: { things: ['{{thing}}'] } }),
  control('ListThingGroupsForThing', { thingName: '{{thing}}' }, { gives: { thingGroups: [{ groupName: 'g' }] } }),
  control('RemoveThingFromThingGroup', { thingGroupName: 'g', thingName: '{{thing}}' }),
  control('ListThingsInThingGroup', { thingGroupName: 'g' }, { gives: { things: [] } }),
  control('TagResource', {
    resourceArn: '{{groupArn}}',
    tags: [
      { Key: 'a', Value: 'b' },
      { Key: 'c', Value: 'd' },
    ],
  }),
  control('UntagResource', { resourceArn: '{{groupArn}}', tagKeys: ['a'] }),
  control('ListTagsForResource', { resourceArn: '{{groupArn}}' }, { gives: { tags: [{ Key: 'c', Value: 'd' }] } }),
  control('UpdateEventConfigurations', { eventConfigurations: { JOB: { Enabled: true } } }),
  control('DescribeEventConfigurations', {}, { gives: { eventConfigurations: { JOB: { Enabled: true } } } }),
];

export const CERTIFICATE_STEPS: readonly Step[] = [
  control(
    'CreateKeysAndCertificate',
    { setAsActive: true },
    {
      keeps: { certificateArn: 'certificateArn', certificateId: 'certificateId' },
    },
  ),
  control(
    'RegisterCertificateWithoutCA',
    { certificatePem: '{{foreignPem}}', status: 'INACTIVE' },
    {
      keeps: { foreignId: 'certificateId' },
    },
  ),
  control(
    'DescribeCertificate',
    { certificateId: '{{certificateId}}' },
    {
      gives: { certificateDescription: { certificateArn: '{{certificateArn}}', status: 'ACTIVE' } },
    },
  ),
  control(
    'DescribeCertificate',
    { certificateId: '{{foreignId}}' },
    {
      gives: { certificateDescription: { status: 'INACTIVE' } },
    },
  ),
  control(
    'ListCertificates',
    { ascendingOrder: true },
    {
      gives: { certificates: [{ certificateArn: '{{certificateArn}}', status: 'ACTIVE' }, { status: 'INACTIVE' }] },
    },
  ),
  control('CreatePolicy', { policyName: 'p', policyDocument: POLICY }, { gives: { policyName: 'p' } }),
  control(
    'CreatePolicy',
    { policyName: 'q', policyDocument: '{"Version":"2012-10-17"' },
    {
      refused: ['MalformedPolicyException', 400],
    },
  ),
  control('GetPolicy', { policyName: 'p' }, { gives: { policyName: 'p', policyDocument: POLICY } }),
  control('ListPolicies', {}),
  control('AttachPolicy', { policyName: 'p', target: '{{certificateArn}}' }),
  control('ListAttachedPolicies', { target: '{{certificateArn}}' }, { gives: { policies: [{ policyName: 'p' }] } }),
  control('ListTargetsForPolicy', { policyName: 'p' }, { gives: { targets: ['{{certificateArn}}'] } }),
  control('AttachThingPrincipal', { thingName: '{{thing}}', principal: '{{certificateArn}}' }),
  control('ListThingPrincipals', { thingName: '{{thing}}' }, { gives: { principals: ['{{certificateArn}}'] } }),
  control('ListPrincipalThings', { principal: '{{certificateArn}}' }, { gives: { things: ['{{thing}}'] } }),
  control('DetachThingPrincipal', { thingName: '{{thing}}', principal: '{{certificateArn}}' }),
  control('DeletePolicy', { policyName: 'p' }, { refused: ['DeleteConflictException', 409] }),
  control('DetachPolicy', { policyName: 'p', target: '{{certificateArn}}' }),
  control('DeletePolicy', { policyName: 'p' }),
  control('DeleteCertificate', { certificateId: '{{certificateId}}' }, { refused: ['CertificateStateException', 406] }),
  control('UpdateCertificate', { certificateId: '{{certificateId}}', newStatus: 'INACTIVE' }),
  control('DeleteCertificate', { certificateId: '{{certificateId}}' }),
  control('DeleteCertificate', { certificateId: '{{foreignId}}' }),
];

export const PACKAGE_STEPS: readonly Step[] = [
  control('CreatePackage', { packageName: 'app', description: 'of a test' }, { gives: { packageName: 'app' } }),
  control(
    'CreatePackageVersion',
    { packageName: 'app', versionName: '1.0', attributes: { key: 'value' } },
    {
      gives: { packageName: 'app', versionName: '1.0', status: 'DRAFT' },
    },
  ),
  control('UpdatePackageVersion', { packageName: 'app', versionName: '1.0', action: 'PUBLISH' }),
  control(
    'GetPackageVersion',
    { packageName: 'app', versionName: '1.0' },
    {
      gives: { status: 'PUBLISHED', attributes: { key: 'value' } },
    },
  ),
  control(
    'ListPackageVersions',
    { packageName: 'app' },
    {
      gives: { packageVersionSummaries: [{ packageName: 'app', versionName: '1.0', status: 'PUBLISHED' }] },
    },
  ),
  control('UpdatePackage', { packageName: 'app', defaultVersionName: '1.0' }),
  control('GetPackage', { packageName: 'app' }, { gives: { defaultVersionName: '1.0', description: 'of a test' } }),
  control('ListPackages', {}, { gives: { packageSummaries: [{ packageName: 'app', defaultVersionName: '1.0' }] } }),
  control('UpdatePackage', { packageName: 'app', unsetDefaultVersion: true }),
  control('DeletePackageVersion', { packageName: 'app', versionName: '1.0' }),
  control('DeletePackage', { packageName: 'app' }),
  control('GetPackage', { packageName: 'app' }, { refused: ['ResourceNotFoundException', 404] }),
];

/** Ends: what the others used is removed. */
export const LAST_STEPS: readonly Step[] = [
  control('DeleteThing', { thingName: '{{thing}}' }),
  control('DeleteThingGroup', { thingGroupName: 'g' }),
  control('DescribeThingGroup', { thingGroupName: 'g' }, { refused: ['ResourceNotFoundException', 404] }),
];
