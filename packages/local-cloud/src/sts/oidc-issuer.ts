/** An issuer of OIDC tokens for tests: what a Kubernetes cluster is to its pods. */
export interface OidcIssuer {
  readonly issuer: string;
  /** For `oidcProviders` of a seed. */
  readonly provider: {
    readonly name: string;
    readonly issuer: string;
    readonly clientIds: readonly string[];
    readonly jwks: { readonly keys: Record<string, unknown>[] };
  };
  /**
   * A token signed by the issuer's key.
   *
   * @param claims.expiresIn seconds, 3600 when absent
   * @param claims.issuedAt ms since the epoch, now when absent: give the local clock's time when it was moved
   */
  token(claims: {
    subject: string;
    audience?: string | undefined;
    expiresIn?: number | undefined;
    issuedAt?: number | undefined;
  }): Promise<string>;
}

/** Makes an issuer with a fresh RSA key of its own. */
export async function createOidcIssuer(options: {
  /** The provider's name in RAM: `acs:ram::<account>:oidc-provider/<name>`. */
  name: string;
  clientId: string;
  issuer?: string | undefined;
}): Promise<OidcIssuer> {
  const { exportJWK, generateKeyPair, SignJWT } = await import('jose');
  const issuer = options.issuer ?? `https://${options.name}.invalid`;
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: options.name, alg: 'RS256', use: 'sig' };
  return {
    issuer,
    provider: { name: options.name, issuer, clientIds: [options.clientId], jwks: { keys: [jwk] } },
    token: ({ subject, audience = options.clientId, expiresIn = 3600, issuedAt = Date.now() }) => {
      const seconds = Math.floor(issuedAt / 1000);
      return new SignJWT({})
        .setProtectedHeader({ alg: 'RS256', kid: options.name, typ: 'JWT' })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + expiresIn)
        .sign(privateKey);
    },
  };
}
