/** Flags that every command has which talks to the server, and the way it does. */

import { type ServerApi, withServer } from '../../admin-api/server-api.ts'
import { socketFlags, socketPathOf } from '../../admin-api/socket.ts'
import type { Io } from '../command.ts'
import { outputFlag } from '../output.ts'

export const serverFlags = { ...socketFlags('server'), output: outputFlag } as const

/** Runs `use` against the server that the flags name. */
export async function atServer<T>(
  flags: { readonly instance: string; readonly socketPath: string },
  io: Io,
  use: (api: ServerApi) => Promise<T>,
): Promise<T> {
  return await withServer(socketPathOf('server', flags, io.env), use)
}
