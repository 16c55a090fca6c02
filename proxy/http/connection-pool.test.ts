import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { ConnectionPool, type Pooled, PoolFullError } from './connection-pool.ts'
import { HttpConnection } from './http-connection.ts'

let server: Server
const accepted: Socket[] = []
let answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

before(async () => {
  server = createServer((socket) => {
    accepted.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(answer))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
})

after(() => {
  for (const socket of accepted) socket.destroy()
  server.close()
})

const signal = new AbortController().signal

interface Tried extends Pooled {
  fresh: boolean
}

function pool(maxConnections = 10, idleMs = 10_000): ConnectionPool<Tried> {
  return new ConnectionPool<Tried>({
    idleMs,
    maxConnections,
    open: async () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      await once(socket, 'connect')
      const http = new HttpConnection(socket, 8192)
      const tried: Tried = {
        http,
        fresh: true,
        isFresh: () => tried.fresh,
        close: () => {
          http.destroy()
        },
      }
      return tried
    },
  })
}

async function ask(lease: { readonly connection: Tried }): Promise<number> {
  const asked = lease.connection.http.request({ method: 'GET', target: '/', fields: ['host', 'a'] })
  asked.end()
  const [incoming] = (await once(asked, 'response')) as [{ statusCode: number; resume: () => void }]
  incoming.resume()
  await once(asked, 'close')
  await new Promise((resolve) => setImmediate(resolve))
  return incoming.statusCode
}

test('a connection is used again once its request is over, never for two at a time', async () => {
  const connections = pool()
  const first = await connections.lease(signal)
  const second = await connections.lease(signal)
  assert.notEqual(first.connection, second.connection)
  assert.equal(await ask(first), 200)
  const third = await connections.lease(signal)
  assert.equal(third.connection, first.connection)
  connections.destroy()
  assert.equal(connections.size, 0)
})

test('a lease without a request gives its connection back', async () => {
  const connections = pool()
  const first = await connections.lease(signal)
  first.release()
  const second = await connections.lease(signal)
  assert.equal(second.connection, first.connection)
  connections.destroy()
})

test('a connection that is not fresh any more is replaced first', async () => {
  const connections = pool()
  const first = await connections.lease(signal)
  first.release()
  first.connection.fresh = false
  const second = await connections.lease(signal)
  assert.notEqual(second.connection, first.connection)
  assert.ok(!first.connection.http.isOpen)
  connections.destroy()
})

test('bytes that nobody asked for end a connection', async () => {
  const connections = pool()
  answer += 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse'
  const first = await connections.lease(signal)
  await Promise.allSettled([ask(first)])
  answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const second = await connections.lease(signal)
  assert.notEqual(second.connection, first.connection)
  assert.equal(await ask(second), 200)
  connections.destroy()
})

test('an idle connection is closed after its time', async () => {
  const connections = pool(10, 20)
  const first = await connections.lease(signal)
  first.release()
  await new Promise<void>((resolve) => {
    first.connection.http.onClosed(resolve)
  })
  assert.equal(connections.size, 0)
})

test('over the limit no connection is opened', async () => {
  const connections = pool(1)
  const first = await connections.lease(signal)
  await assert.rejects(connections.lease(signal), PoolFullError)
  first.discard()
  const second = await connections.lease(signal)
  second.release()
  connections.destroy()
})

test('a closed pool closes what comes back', async () => {
  const connections = pool()
  const first = await connections.lease(signal)
  connections.close()
  assert.equal(await ask(first), 200)
  assert.equal(connections.size, 0)
})
