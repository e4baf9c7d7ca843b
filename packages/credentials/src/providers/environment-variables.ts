/** Environment variables as a provider reads them; `process.env` is one. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** How the official SDKs read a switch: `true` in any case. */
export function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}
