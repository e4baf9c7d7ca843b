/**
 * What this package throws at the program that starts it. Errors that a service answers over HTTP are
 * `ServiceError` (http/service-error.ts) and never leave the process as exceptions.
 */
export class LocalCloudError extends Error {
  override readonly name: string = 'LocalCloudError';
  /** Stable, for programs: `PortInUse`, `SeedInvalid`, `AddressRefused`, `DataDirectory`, … */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A listener could not be opened because something else listens on its port. */
export class PortInUseError extends LocalCloudError {
  override readonly name = 'PortInUseError';
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, listener: string, cause: unknown) {
    super(
      'PortInUse',
      `port ${port} on ${host} is already taken, so the ${listener} endpoint cannot listen there; choose another port, or none for free ports`,
      { cause },
    );
    this.host = host;
    this.port = port;
  }
}
