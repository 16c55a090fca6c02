/** The `countersign` program: the process around the commands. */

import { type Io, UsageError } from './command.ts'
import { runCommand } from './commands.ts'

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => {
    interrupted.abort()
  })

// A reader that has gone (`| head`) is no error of ours.
process.stdout.on('error', () => {
  process.exit(0)
})

const env: Io['env'] & { readonly NO_COLOR?: string } = process.env

const io: Io = {
  out: (text) => {
    process.stdout.write(text)
  },
  err: (text) => {
    process.stderr.write(text)
  },
  readInput,
  env,
  signal: interrupted.signal,
  pretty: process.stdout.isTTY && env.NO_COLOR === undefined,
}

process.exitCode = await runCommand(process.argv.slice(2), io)

async function readInput(maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  const input: AsyncIterable<Uint8Array> = process.stdin
  for await (const chunk of input) {
    const piece = Buffer.from(chunk)
    bytes += piece.length
    if (bytes > maxBytes) throw new UsageError(`standard input is longer than ${maxBytes} bytes`)
    chunks.push(piece)
  }
  return Buffer.concat(chunks).toString('utf8')
}
