import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { kmsError } from './errors.ts';
import { readPage } from './key-lifecycle.ts';
import { authorizedKey, findKey } from './keys.ts';
import { type AliasRecord, aliasKey, kmsArn, openKms } from './records.ts';

/** CreateAlias (KMS 2016-01-20): RAM is asked about the alias and about the key. */
export function createAlias(call: RpcCall): Answer {
  const { platform, region, caller, parameters } = call;
  const aliasName = readAliasName(call);
  const key = authorizedKey(call, parameters.required('KeyId'));
  const { aliases } = openKms(platform.store);
  const at = aliasKey(region, caller.accountId, aliasName);
  if (aliases.has(at)) throw kmsError.aliasExists(aliasName);
  if (key.state === 'PendingDeletion') throw kmsError.stateModified('its deletion is scheduled');
  aliases.put(at, { aliasName, accountId: caller.accountId, region, keyId: key.keyId });
  return {};
}

/** UpdateAlias (KMS 2016-01-20): binds an alias to another key. */
export function updateAlias(call: RpcCall): Answer {
  const { platform, region, caller, parameters } = call;
  const aliasName = readAliasName(call);
  const key = authorizedKey(call, parameters.required('KeyId'));
  const { aliases } = openKms(platform.store);
  const at = aliasKey(region, caller.accountId, aliasName);
  const alias = aliases.get(at);
  if (alias === undefined) throw kmsError.aliasNotFound();
  if (key.state === 'PendingDeletion') throw kmsError.state('PendingDeletion');
  aliases.put(at, { ...alias, keyId: key.keyId });
  return {};
}

/** DeleteAlias (KMS 2016-01-20). */
export function deleteAlias(call: RpcCall): Answer {
  const { platform, region, caller } = call;
  const aliasName = readAliasName(call);
  if (findKey(platform, region, caller.accountId, aliasName) === 'no-alias') throw kmsError.aliasNotFound();
  authorizedKey(call, aliasName);
  openKms(platform.store).aliases.delete(aliasKey(region, caller.accountId, aliasName));
  return {};
}

/** ListAliases (KMS 2016-01-20), by name. */
export function listAliases(call: RpcCall): Answer {
  const { region, caller } = call;
  call.authorize('kms:ListAliases', kmsArn.aliases(region, caller.accountId));
  return answerAliases(call, () => true);
}

/** ListAliasesByKeyId (KMS 2016-01-20), by name. */
export function listAliasesByKeyId(call: RpcCall): Answer {
  const key = authorizedKey(call, call.parameters.required('KeyId'));
  return answerAliases(call, (alias) => alias.keyId === key.keyId);
}

function answerAliases(call: RpcCall, chosen: (alias: AliasRecord) => boolean): Answer {
  const { platform, region, caller } = call;
  const page = readPage(call);
  const found = Array.from(openKms(platform.store).aliases.values())
    .filter((alias) => alias.region === region && alias.accountId === caller.accountId && chosen(alias))
    .sort((a, b) => (a.aliasName < b.aliasName ? -1 : 1));
  return {
    ...page.answer(found.length),
    Aliases: {
      Alias: page.of(found).map(({ aliasName, keyId }) => ({
        AliasName: aliasName,
        AliasArn: kmsArn.alias(region, caller.accountId, aliasName),
        KeyId: keyId,
      })),
    },
  };
}

/** The parameter AliasName, once RAM has allowed the operation on it. */
function readAliasName(call: RpcCall): string {
  const { parameters, region, caller, operation } = call;
  const name = parameters.required('AliasName');
  if (!isAliasName(name))
    throw kmsError.invalid(
      'AliasName',
      'it is alias/ and 1 to 243 letters, digits and _ / -, and does not start with alias/acs',
    );
  call.authorize(`kms:${operation}`, kmsArn.alias(region, caller.accountId, name));
  return name;
}

/** Names that start with `alias/acs` are those of the services' own keys. */
export function isAliasName(name: string): boolean {
  return /^alias\/(?!acs)[\w/-]{1,243}$/.test(name);
}
