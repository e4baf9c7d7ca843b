import forge from 'node-forge';

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate authority and a server certificate of its own making, for 127.0.0.1. */
export function privateAuthority(): { readonly ca: string; readonly server: Issued } {
  const authority = keyPair();
  const ca = certificate('CA of a dedicated instance', authority.publicKey, authority.privateKey, [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ]);
  const server = keyPair();
  const issued = certificate(
    'kst-instance',
    server.publicKey,
    authority.privateKey,
    [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    ca,
  );
  return {
    ca: forge.pki.certificateToPem(ca),
    server: {
      certificate: forge.pki.certificateToPem(issued),
      privateKey: forge.pki.privateKeyToPem(server.privateKey),
    },
  };
}

/** A self-signed certificate around a public key given in PEM. */
export function certificateAround(publicKey: string): string {
  const { privateKey } = keyPair();
  return forge.pki.certificateToPem(
    certificate('Signer', forge.pki.publicKeyFromPem(publicKey), privateKey, []),
  );
}

const keyPair = (): forge.pki.rsa.KeyPair => forge.pki.rsa.generateKeyPair({ bits: 2048 });

function certificate(
  name: string,
  publicKey: forge.pki.PublicKey,
  signedWith: forge.pki.rsa.PrivateKey,
  extensions: readonly object[],
  issuer?: forge.pki.Certificate,
): forge.pki.Certificate {
  const made = forge.pki.createCertificate();
  made.publicKey = publicKey;
  made.serialNumber = issuer === undefined ? '01' : '02';
  made.validity.notBefore = new Date(Date.now() - 3_600_000);
  made.validity.notAfter = new Date(Date.now() + 3_600_000);
  const subject = [{ name: 'commonName', value: name }];
  made.setSubject(subject);
  made.setIssuer(issuer?.subject.attributes ?? subject);
  made.setExtensions([...extensions]);
  made.sign(signedWith, forge.md.sha256.create());
  return made;
}
