/** The `countersign` program: the process around the commands. */

import type { Io } from './command.ts'
import { runCommand } from './commands.ts'
import { readStream } from './read-stream.ts'

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
  readInput: (maxBytes) => readStream(process.stdin, 'standard input', maxBytes),
  env,
  signal: interrupted.signal,
  pretty: process.stdout.isTTY && env.NO_COLOR === undefined,
  hints: process.stderr.isTTY,
}

process.exitCode = await runCommand(process.argv.slice(2), io)
