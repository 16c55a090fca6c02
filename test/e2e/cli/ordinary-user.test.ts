// needs: root, setpriv
/** The command line of somebody who may not open what root made. */

import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { IdentityPlane } from '../../support/identity-plane.ts'
import { Transcript } from '../../support/transcript.ts'

const stranger = { uid: 64_203, gid: 64_203 }

test('a stranger is told what is closed to him, and by which file [BAD-1]', async (t) => {
  const plane = await IdentityPlane.start(t)
  await plane.startAgent({ token: await plane.token() })
  const open = path.join(plane.folder, 'open')
  await mkdir(open, { mode: 0o755 })
  const closed = path.join(open, 'closed.yaml')
  await writeFile(closed, '{}')
  await chmod(closed, 0o600)
  const cli = new Transcript(
    {
      server: `${plane.folder}/server/api.sock`,
      agent: plane.sockets().workload,
      proxy: plane.sockets().proxy,
      open,
      closed,
    },
    stranger,
  )
  await cli.play(`
$ countersign status --socket-path <server>
2> Error: cannot reach the server at <server>: permission denied
2>   next: run the command as the user whom the server runs as, or as root: whoever opens its socket administers it
=> 1

$ countersign policy apply <closed> --socket-path <server>
2> Error: open <closed>: permission denied
=> 1

$ countersign server entry show -socketPath <server>
2> Error: error fetching entries: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix //<server>: connect: permission denied"
=> 1

$ countersign server entry create -socketPath <server> -data <closed>
2> Error: open <closed>: permission denied
=> 1

$ countersign server healthcheck -socketPath <server>
2> Error: server is unhealthy: unable to determine health
=> 1

$ countersign agent healthcheck -socketPath <agent>
Agent is healthy.

$ countersign agent api fetch x509 -socketPath <agent>
2> rpc error: code = PermissionDenied desc = no identity issued
=> 1

$ countersign agent api fetch x509 -socketPath <proxy>
2> rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix <proxy>: connect: permission denied"
=> 1

$ countersign server validate -config <closed>
2> SPIRE server configuration file is invalid: unable to read configuration at "<closed>": EACCES: permission denied, open '<closed>'
=> 1

$ countersign agent run -config <closed>
2> unable to read configuration at "<closed>": EACCES: permission denied, open '<closed>'
=> 1

$ countersign proxy validate -config <closed>
2> cannot read <closed>: EACCES: permission denied, open '<closed>'
=> 1

$ countersign audit tail -file <closed>
2> Error: no permission to read <closed>; it is open to the proxy's user alone
=> 2

$ countersign audit verify -dir <open> -bundle <closed>
2> Error: open <closed>: permission denied
=> 2

$ countersign why aaaaaaaaaaaaaaaa-1 -dir <closed>
2> Error: <closed> is not a directory
=> 2
`)
})
