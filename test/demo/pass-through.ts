/**
 * What the demo must not be satisfied with: a proxy that carries every byte and decides nothing.
 *
 *     node pass-through.js -config FILE
 *
 * It reads the configuration of our proxy, listens where ours would, and forwards in plain. It says
 * that policies are in force, so that only what it lets through can give it away.
 */

import { readFileSync } from 'node:fs'
import { connect, createServer, type NetConnectOpts } from 'node:net'

interface Settings {
  readonly proxy: {
    readonly inbound?: readonly { listen: string; upstream: { unix: string } }[]
    readonly outbound?: readonly { listen: string; address: string }[]
  }
}

const file = process.argv.at(-1) ?? ''
const { proxy } = JSON.parse(readFileSync(file, 'utf8')) as Settings

for (const { listen, upstream } of proxy.inbound ?? []) carry(listen, { path: upstream.unix })
for (const { listen, address } of proxy.outbound ?? []) carry(listen, hostPort(address))

setTimeout(function say() {
  process.stdout.write('Policies in force\n')
  setTimeout(say, 100)
}, 100)

function carry(listen: string, to: NetConnectOpts): void {
  const server = createServer((socket) => {
    const upstream = connect(to)
    socket.pipe(upstream).pipe(socket)
    for (const end of [socket, upstream])
      end.on('error', () => {
        socket.destroy()
        upstream.destroy()
      })
  })
  server.listen(hostPort(listen))
}

function hostPort(text: string): { host: string; port: number } {
  const [host = '', port = ''] = text.split(':')
  return { host, port: Number(port) }
}
