import * as t from 'io-ts';
import { decodeJson } from '../http/decode-json.ts';

/** A text that is absent or empty means "not set": the CLI writes both. */
const OptionalText = t.union([t.string, t.null, t.undefined]);
const OptionalNumber = t.union([t.number, t.null, t.undefined]);

/** The fields of a profile that matter for credentials, as the official CLI names them. */
const CliProfile = t.intersection([
  t.type({ name: t.string, mode: t.string }),
  t.partial({
    access_key_id: OptionalText,
    access_key_secret: OptionalText,
    sts_token: OptionalText,
    sts_expiration: OptionalNumber,
    sts_region: OptionalText,
    sts_endpoint: OptionalText,
    enable_vpc: t.union([t.boolean, t.null, t.undefined]),
    ram_role_name: OptionalText,
    ram_role_arn: OptionalText,
    ram_session_name: OptionalText,
    external_id: OptionalText,
    policy: OptionalText,
    expired_seconds: OptionalNumber,
    source_profile: OptionalText,
    process_command: OptionalText,
    credentials_uri: OptionalText,
    oidc_provider_arn: OptionalText,
    oidc_token_file: OptionalText,
    cloud_sso_sign_in_url: OptionalText,
    cloud_sso_account_id: OptionalText,
    cloud_sso_access_config: OptionalText,
    access_token: OptionalText,
    cloud_sso_access_token_expire: OptionalNumber,
    oauth_site_type: OptionalText,
    oauth_access_token: OptionalText,
    oauth_access_token_expire: OptionalNumber,
  }),
]);

const CliConfig = t.intersection([
  t.type({ profiles: t.array(CliProfile) }),
  t.partial({ current: OptionalText }),
]);

export type CliProfile = t.TypeOf<typeof CliProfile>;
export type CliConfig = t.TypeOf<typeof CliConfig>;

/** @throws MalformedResponseError with the path in the file */
export function parseCliConfig(text: string, file: string): CliConfig {
  return decodeJson(CliConfig, text, file, { retryable: false });
}

const ExternalOutput = t.intersection([
  t.type({ access_key_id: t.string, access_key_secret: t.string }),
  t.partial({
    mode: OptionalText,
    sts_token: OptionalText,
    expiration: t.union([t.string, t.number, t.null, t.undefined]),
  }),
]);
export type ExternalOutput = t.TypeOf<typeof ExternalOutput>;

/** What the command of an `External` profile prints. @throws MalformedResponseError */
export function parseExternalOutput(text: string, profileName: string): ExternalOutput {
  return decodeJson(ExternalOutput, text, `The output of the process_command of profile ${profileName}`);
}
