import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { Client, credentials, Server, type ServiceError } from '@grpc/grpc-js'
import { serveUnix } from './unix-server.ts'
import { answerUnknownMethods } from './unknown-methods.ts'

test('grpc-js still finds its handlers where this file wraps it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-unknown-'))
  const file = path.join(folder, 'grpc.sock')
  const grpc = new Server()
  answerUnknownMethods(grpc, new Set(['known.Service']))
  const listening = await serveUnix({ path: file, mode: 0o600, grpc, accept: () => undefined })
  const client = new Client(`unix:${file}`, credentials.createInsecure())
  try {
    assert.equal(
      await answer(client, '/known.Service/Nope'),
      '12 unknown method Nope for service known.Service',
    )
    assert.equal(await answer(client, '/no.Service/Nope'), '12 unknown service no.Service')
    assert.equal(await answer(client, '/a/b/c'), '12 malformed method name: "/a/b/c"')
  } finally {
    client.close()
    await listening.close()
    await rm(folder, { recursive: true })
  }
})

async function answer(client: Client, method: string): Promise<string> {
  const raw = (bytes: Buffer): Buffer => bytes
  const error = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest(method, raw, raw, Buffer.alloc(0), resolve)
  })
  return `${error?.code} ${error?.details}`
}
