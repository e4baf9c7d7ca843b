import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { kmsError } from './errors.ts';
import { authorizedKey } from './keys.ts';
import { openKms } from './records.ts';
import { authorizedSecret, openSecrets, secretKey } from './secrets.ts';

const maxTags = 10;

/** TagResource (KMS 2016-01-20): of a key or a secret. */
export function tagResource(call: RpcCall): Answer {
  call.parameters.required('Tags');
  const added = call.parameters.tags('Tags') ?? {};
  const { tags, put } = taggedResource(call);
  const all = { ...tags, ...added };
  if (Object.keys(all).length > maxTags) throw kmsError.limit(`a resource has at most ${maxTags} tags`);
  put(all);
  return {};
}

/** UntagResource (KMS 2016-01-20). */
export function untagResource(call: RpcCall): Answer {
  call.parameters.required('TagKeys');
  const removed = new Set(call.parameters.list('TagKeys'));
  const { tags, put } = taggedResource(call);
  put(Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key))));
  return {};
}

/** ListResourceTags (KMS 2016-01-20): of a key. */
export function listResourceTags(call: RpcCall): Answer {
  const key = authorizedKey(call, call.parameters.required('KeyId'));
  return {
    Tags: {
      Tag: Object.entries(key.tags).map(([TagKey, TagValue]) => ({ KeyId: key.keyId, TagKey, TagValue })),
    },
  };
}

function taggedResource(call: RpcCall): {
  tags: Readonly<Record<string, string>>;
  put: (tags: Readonly<Record<string, string>>) => void;
} {
  const { parameters, platform } = call;
  if (parameters.optional('KeyId') === undefined && parameters.optional('SecretName') !== undefined) {
    const secret = authorizedSecret(call);
    const at = secretKey(secret.region, secret.accountId, secret.secretName);
    return { tags: secret.tags, put: (tags) => openSecrets(platform.store).put(at, { ...secret, tags }) };
  }
  const key = authorizedKey(call, parameters.required('KeyId'));
  return { tags: key.tags, put: (tags) => openKms(platform.store).keys.put(key.keyId, { ...key, tags }) };
}
