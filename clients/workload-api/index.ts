/** The Workload API client for TypeScript: X509-SVIDs and bundles that stay fresh. */

export { endpointVariable, workloadApiTarget } from './address.ts'
export { fetchX509Context, type WorkloadApiOptions, watchX509Context } from './watch-x509.ts'
export type { X509Context, X509Svid } from './x509-context.ts'
export { X509Source } from './x509-source.ts'
