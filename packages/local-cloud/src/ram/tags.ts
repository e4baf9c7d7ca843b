import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { arn, entityKey } from '../identities/directory.ts';
import { ramError } from './errors.ts';

/** Roles and policies have tags in this cloud; both records keep them under `tags`. */
type Tags = Readonly<Record<string, string>>;

interface Tagged {
  readonly name: string;
  readonly tags: Tags;
  put(tags: Tags): void;
}

const maxTags = 20;

/** TagResources (RAM 2015-05-01), of roles and policies. */
export function tagResources(call: RpcCall): Answer {
  const added = call.parameters.tags('Tag') ?? {};
  for (const { tags, put } of taggedResources(call)) {
    const all = { ...tags, ...added };
    if (Object.keys(all).length > maxTags) throw ramError.limit('Tag', maxTags);
    put(all);
  }
  return {};
}

/** UntagResources (RAM 2015-05-01). */
export function untagResources(call: RpcCall): Answer {
  const removed = new Set(call.parameters.list('TagKey'));
  const all = call.parameters.boolean('All') === true;
  for (const { tags, put } of taggedResources(call))
    put(Object.fromEntries(Object.entries(tags).filter(([key]) => !all && !removed.has(key))));
  return {};
}

/** ListTagResources (RAM 2015-05-01). */
export function listTagResources(call: RpcCall): Answer {
  const resourceType = call.parameters.required('ResourceType');
  return {
    TagResources: {
      TagResource: taggedResources(call).flatMap(({ name, tags }) =>
        Object.entries(tags).map(([TagKey, TagValue]) => ({
          ResourceType: resourceType,
          ResourceId: name,
          ResourceName: name,
          TagKey,
          TagValue,
        })),
      ),
    },
  };
}

function taggedResources(call: RpcCall): Tagged[] {
  const { platform, parameters, caller, operation } = call;
  const { directory } = platform;
  const { accountId } = caller;
  const type = parameters.required('ResourceType').toLowerCase();
  if (type !== 'role' && type !== 'policy') throw ramError.invalid('ResourceType', 'role or policy');
  const names = parameters.list('ResourceNames') ?? parameters.list('ResourceName') ?? [];
  if (names.length === 0) throw ramError.invalid('ResourceNames', 'it names at least one resource');
  return names.map((name) => {
    call.authorize(`ram:${operation}`, arn[type](accountId, name));
    const key = entityKey(accountId, name);
    if (type === 'role') {
      const role = directory.roles.get(key);
      if (role === undefined) throw ramError.notFound('Role', name);
      return {
        name: role.roleName,
        tags: role.tags,
        put: (tags) => directory.roles.put(key, { ...role, tags }),
      };
    }
    const policy = directory.policies.get(key);
    if (policy === undefined) throw ramError.notFound('Policy', name);
    return {
      name: policy.policyName,
      tags: policy.tags,
      put: (tags) => directory.policies.put(key, { ...policy, tags }),
    };
  });
}
