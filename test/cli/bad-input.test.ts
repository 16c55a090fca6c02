/** Sockets and files that are not what a command needs: what it says then, and nothing worse. */

import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { IdentityPlane } from '../support/identity-plane.ts'
import { Transcript } from '../support/transcript.ts'

let dir: string
const listening: Server[] = []

before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'bad-input-'))
  await mkdir(path.join(dir, 'folder'))
  await writeFile(path.join(dir, 'plain.sock'), '')
})

after(async () => {
  for (const server of listening) server.close()
  await rm(dir, { recursive: true })
})

test("SPIRE's commands say in SPIRE's words that nobody is there [BAD-1]", async () => {
  await new Transcript({ dir }).play(`
$ countersign server healthcheck -socketPath <dir>/none.sock
2> Error: server is unhealthy: unable to determine health
=> 1

$ countersign server healthcheck -socketPath <dir>/none.sock -verbose
Checking server health...
2> Failed to check health: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix //<dir>/none.sock: connect: no such file or directory"
2> Error: server is unhealthy: unable to determine health
=> 1

$ countersign server entry show -socketPath <dir>/none.sock
2> Error: error fetching entries: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix //<dir>/none.sock: connect: no such file or directory"
=> 1

$ countersign server entry show -socketPath <dir>/none.sock -output json
2> Error: error fetching entries: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix //<dir>/none.sock: connect: no such file or directory"
=> 1

$ countersign server token generate -socketPath <dir>/plain.sock
2> Error: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix //<dir>/plain.sock: connect: connection refused"
=> 1

$ countersign server agent list -socketPath <dir>/folder
2> Error: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix //<dir>/folder: connect: connection refused"
=> 1

$ countersign server agent list -socketPath <dir>/plain.sock/x
2> Error: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix //<dir>/plain.sock/x: connect: not a directory"
=> 1

$ countersign agent healthcheck -socketPath <dir>/none.sock
2> Error: agent is unhealthy: unable to determine health
=> 1

$ countersign agent api fetch x509 -socketPath <dir>/none.sock
2> rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix <dir>/none.sock: connect: no such file or directory"
=> 1

$ countersign server bundle show -instance x
2> Error: you must define SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE to use the instance flag
=> 1
`)
})

test('our own commands say what to do about it too [BAD-1]', async () => {
  await new Transcript({ dir, long: 'x'.repeat(200) }).play(`
$ countersign status --socket-path <dir>/none.sock
2> Error: cannot reach the server at <dir>/none.sock: no such file or directory
2>   next: start it with countersign server run --config FILE, or name its socket with --socket-path
=> 1

$ countersign policy get --socket-path <dir>/plain.sock
2> Error: cannot reach the server at <dir>/plain.sock: connection refused
2>   next: start it with countersign server run --config FILE, or name its socket with --socket-path
=> 1

$ countersign policy deny-all inventory --socket-path <dir>/plain.sock/x --output json
2> Error: cannot reach the server at <dir>/plain.sock/x: not a directory
2>   next: name the server's socket with --socket-path
=> 1

$ countersign app create inventory --selector unix:uid:1 --socket-path <dir>/<long>
2> Error: cannot reach the server at <dir>/<long>: invalid argument
2>   next: name the server's socket with --socket-path
=> 1

$ countersign status --socket-path=
2> Error: cannot reach the server at "": invalid argument
2>   next: name the server's socket with --socket-path
=> 1

$ countersign status --instance x
2> Error: you must define SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE to use the instance flag
=> 1

$ SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE=<dir>/%i.sock countersign status --instance none
2> Error: cannot reach the server at <dir>/none.sock: no such file or directory
2>   next: start it with countersign server run --config FILE, or name its socket with --socket-path
=> 1
`)
})

test('a socket of another program is no server, and does not hold the command up', async (t) => {
  const plane = await IdentityPlane.start(t)
  await plane.startAgent({ token: await plane.token() })
  const talker = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  listening.push(talker)
  await once(talker.listen(path.join(dir, 'http.sock')), 'listening')
  const { workload, proxy } = plane.sockets()
  const sockets = { dir, workload, proxy, server: `${plane.folder}/server/api.sock` }
  await new Transcript(sockets).play(`
$ countersign server entry show -socketPath <workload>
2> Error: error fetching entries: rpc error: code = Unimplemented desc = unknown service spire.api.server.entry.v1.Entry
=> 1

$ countersign status --socket-path <workload>
2> Error: unknown service spire.api.server.bundle.v1.Bundle
2>   next: what answers at <workload> is not the server; name its socket with --socket-path
=> 1

$ countersign status --socket-path <proxy>
2> Error: unknown service spire.api.server.bundle.v1.Bundle
2>   next: what answers at <proxy> is not the server; name its socket with --socket-path
=> 1

$ countersign agent api fetch x509 -socketPath <server>
2> rpc error: code = Unimplemented desc = unknown service SpiffeWorkloadAPI
=> 1

$ countersign agent healthcheck -socketPath <server>
Agent is healthy.

$ countersign status --socket-path <dir>/http.sock
2> Error: no gRPC connection: <:line>
2>   next: what answers at <dir>/http.sock is not the server; name its socket with --socket-path
=> 1

$ countersign server healthcheck -socketPath <dir>/http.sock
2> Error: server is unhealthy: unable to determine health
=> 1
`)
})

test('configurations that cannot be read are refused by file, line and column [BAD-2]', async () => {
  const files = {
    'typo.yaml': 'server:\n  trust_domian: example.org\n  bind_port: eighty\n',
    'later.yaml':
      'server: {trust_domain: example.org, data_dir: /x, federation: {}}\ntelemetry: {}\n',
    'syntax.yaml': 'server: [\n',
    'twice.yaml': 'server:\n  data_dir: /a\n  data_dir: /b\n',
    'alias.yaml': 'server: &a {data_dir: /a}\nplugins: *a\n',
    'plugin.yaml':
      'agent: {}\nplugins:\n  WorkloadAttestor: {unix: {plugin_data: {discover_workload_pth: true}}}\n',
    'proxy.yaml': 'proxy: {trust_domain: UPPER, agent_socket_path: relative, data_dir: /d}\n',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text)
  await new Transcript({ dir }).play(`
$ countersign server validate -config <dir>/typo.yaml
2> SPIRE server configuration file is invalid: unable to decode configuration at "<dir>/typo.yaml":
2> <dir>/typo.yaml:2:3: unknown key "server.trust_domian"
2> <dir>/typo.yaml:3:14: server.bind_port: expected number, got string
=> 1

$ countersign server run -config <dir>/typo.yaml
2> unable to decode configuration at "<dir>/typo.yaml":
2> <dir>/typo.yaml:2:3: unknown key "server.trust_domian"
2> <dir>/typo.yaml:3:14: server.bind_port: expected number, got string
=> 1

$ countersign server validate -config <dir>/later.yaml
2> SPIRE server configuration file is invalid: unsupported configuration detected
2> <dir>/later.yaml:1:63: server.federation: not supported yet; remove it
2> <dir>/later.yaml:2:12: telemetry: not supported yet; remove it
=> 1

$ countersign server validate -config <dir>/syntax.yaml
2> SPIRE server configuration file is invalid: unable to decode configuration at "<dir>/syntax.yaml": <dir>/syntax.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]
=> 1

$ countersign server validate -config <dir>/twice.yaml
2> SPIRE server configuration file is invalid: unable to decode configuration at "<dir>/twice.yaml": <dir>/twice.yaml:3:3: Map keys must be unique
=> 1

$ countersign server validate -config <dir>/alias.yaml
2> SPIRE server configuration file is invalid: unable to decode configuration at "<dir>/alias.yaml": <dir>/alias.yaml:2:10: aliases are not allowed
=> 1

$ countersign agent validate -config <dir>/plugin.yaml
2> SPIRE agent configuration file is invalid: unknown configuration detected
2> <dir>/plugin.yaml:3:43: unknown key "plugins.WorkloadAttestor.unix.plugin_data.discover_workload_pth"
=> 1

$ countersign proxy validate -config <dir>/proxy.yaml
2> <dir>/proxy.yaml:1:8: proxy.agent_proxy_socket_path: missing, expected string
2> <dir>/proxy.yaml:1:49: proxy.agent_socket_path: expected an absolute path
=> 1

$ countersign server validate -config <dir>/none.yaml
2> SPIRE server configuration file is invalid: could not find config file <dir>/none.yaml: please use the -config flag
=> 1

$ countersign agent validate -config <dir>/folder
2> SPIRE agent configuration file is invalid: unable to read configuration at "<dir>/folder": EISDIR: illegal operation on a directory, read
=> 1

$ countersign proxy validate -config /dev/zero
2> cannot read /dev/zero: it is longer than 1048576 bytes
=> 1

$ countersign agent validate -config /dev/zero
2> SPIRE agent configuration file is invalid: unable to read configuration at "/dev/zero": it is longer than 1048576 bytes
=> 1
`)
})

test('records and decisions that are not there are named [BAD-1]', async () => {
  await new Transcript({ dir }).play(`
$ countersign why abc
2> Error: one decision id is required, such as k5xw6ylsnzsxe3tf-128
=> 2

$ countersign why aaaaaaaaaaaaaaaa-1
2> Error: a record is required: -dir DIR, the proxy's data_dir
=> 2

$ countersign why aaaaaaaaaaaaaaaa-1 -dir <dir>/none
2> Error: there is no <dir>/none
=> 2

$ countersign audit tail
2> Error: a record is required: -dir DIR (the proxy's data_dir) or -file FILE
=> 2

$ countersign audit tail -file <dir>/none.jsonl
2> Error: there is no <dir>/none.jsonl
=> 2

$ countersign audit verify -dir <dir>/folder
2> Error: trust comes from one of -bundle FILE and -history FILE
=> 2

$ countersign audit verify -file <dir>/plain.sock -bundle <dir>/typo.yaml
2> Error: <dir>/typo.yaml: PEM text has something other than blocks in it
=> 2
`)
})
