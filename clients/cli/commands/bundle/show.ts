/** `server bundle show`: the trust bundle of the server's own trust domain. */

import { bundleOf } from '../../../../proto/convert/bundle.ts'
import { formatSpiffeBundle } from '../../../../spiffe/bundle/spiffe-bundle.ts'
import { writePem } from '../../../../spiffe/pem.ts'
import { defineCommand, UsageError } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { atServer, serverFlags } from '../server-flags.ts'

export const command = defineCommand({
  name: 'server bundle show',
  spire: true,
  summary: 'Prints server CA bundle to stdout',
  flags: {
    ...serverFlags,
    format: { kind: 'string', help: 'Form of the bundle: pem or spiffe', default: 'pem' },
  },
  run: async (given, io) => {
    if (given.format !== 'pem' && given.format !== 'spiffe')
      throw new UsageError(`invalid format: "${given.format}"`)
    const bundle = await atServer(given, io, (api) =>
      api.bundles.unary('GetBundle', {}, { signal: io.signal }),
    )
    if (given.output === 'json') io.out(messageJson(bundle))
    else if (given.format === 'spiffe') io.out(formatSpiffeBundle(bundleOf(bundle)))
    else for (const { asn1 } of bundle.x509Authorities) io.out(writePem('CERTIFICATE', asn1))
    return 0
  },
})
