import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Store } from '../store/store.ts';
import type { TlsIdentity } from './listener.ts';

/** A certificate authority of this cloud's own, kept with its state, which clients can be told to trust. */
export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  /** A certificate for names and addresses, signed by the authority. */
  issue(hosts: readonly string[]): Promise<TlsIdentity>;
}

const yearMs = 365 * 24 * 3_600_000;

/** Validity is by the real time, which TLS clients go by, whatever the local clock says. */
export async function openCertificateAuthority(store: Store): Promise<CertificateAuthority> {
  const { default: forge } = await import('node-forge');
  const { pki } = forge;
  const kept = store.collection<{ certificate: string; privateKey: string }>('tls', { sealed: true });

  const make = (
    subject: string,
    signer: { certificate: string; privateKey: string } | undefined,
    extensions: object[],
  ): TlsIdentity => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { format: 'pem', type: 'spki' },
      privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
    });
    const certificate = pki.createCertificate();
    certificate.publicKey = pki.publicKeyFromPem(publicKey);
    // Positive, and never the same twice (RFC 5280, section 4.1.2.2).
    certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
    certificate.validity.notBefore = new Date(Date.now() - 24 * 3_600_000);
    certificate.validity.notAfter = new Date(Date.now() + yearMs);
    const name = [{ name: 'commonName', value: subject }];
    certificate.setSubject(name);
    certificate.setIssuer(
      signer === undefined ? name : pki.certificateFromPem(signer.certificate).subject.attributes,
    );
    certificate.setExtensions(extensions);
    certificate.sign(pki.privateKeyFromPem(signer?.privateKey ?? privateKey), forge.md.sha256.create());
    return { certificate: pki.certificateToPem(certificate), privateKey };
  };

  const authority =
    kept.get('authority') ??
    make('Yunseal local cloud', undefined, [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ]);
  if (!kept.has('authority')) kept.put('authority', authority);

  return {
    certificate: authority.certificate,
    issue: async (hosts) => {
      const identity = make(hosts[0] ?? 'localhost', authority, [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: hosts.map((host) =>
            isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host },
          ),
        },
      ]);
      return { certificate: identity.certificate + authority.certificate, privateKey: identity.privateKey };
    },
  };
}
