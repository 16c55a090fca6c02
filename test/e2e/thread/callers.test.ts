// needs: root, setpriv, bash

/** Whose call it is: the process that made the connection, as it is now. */

import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { call, callerIn, seenBy } from '../../support/answers.ts'
import { until } from '../../support/until.ts'
import { recordsIn } from '../../support/verified.ts'
import { appId, uids, World } from '../../support/world.ts'

const rounds = 300

test('a process without an entry is refused, and its calls do not leave the node [EDGE-3]', async (t) => {
  const world = await World.start(t)
  const other = world.caller('other')
  for (const connection of ['kept', 'fresh', 'kept'] as const) {
    const refused = await call(other, 'get_inventory', connection)
    assert.equal(refused.status, 403)
    assert.match(refused.text, /the calling process has no identity here/)
  }
  assert.equal((await seenBy(world.app)).requests, 0)
  const reasons = recordsIn(world.outbound.dataFolder)
    .filter(({ kind }) => kind === 'decision')
    .map(({ reason }) => reason)
  assert.deepEqual(reasons, Array(3).fill('caller-not-identified'))
})

test('callers of two users that alternate are never taken for one another [DONE-3 ACC-12]', async (t) => {
  const world = await World.start(t)
  const callers = (['reporter', 'buyer'] as const).map((name) => ({
    name,
    program: world.caller(name),
  }))
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all(
      callers.map(async ({ name, program }) => ({
        name,
        kept: callerIn(await call(program, 'get_inventory')),
        fresh: callerIn(await call(program, 'get_inventory', 'fresh')),
      })),
    )
    for (const { name, kept, fresh } of answers)
      assert.deepEqual([kept, fresh], [appId(name), appId(name)])
  }
})

test('a kept-alive connection whose process becomes another program carries no more calls [ACC-13]', async (t) => {
  const bash = realpathSync('/bin/bash')
  const world = await World.start(t, {
    unixAttestor: { discover_workload_path: true },
    entries: { painter: [`uid:${uids.other}`, `path:${bash}`] },
  })
  const words = [bash, '-c', becoming, 'painter', String(world.outbound.port), process.execPath]
  const painter = world.run([...words, continued], 'other')
  const answer = z.tuple([z.string(), z.string()])
  // A program that connects within milliseconds of its start is refused, and connects again.
  const body = await until('the painter is named', async () => {
    const [head, text] = await painter.ask(answer, 'call')
    return head.startsWith('HTTP/1.1 200 ') ? text : undefined
  })
  assert.match(body, /ns\/default\/painter/)
  const { requests } = await seenBy(world.app)
  const [refused] = await painter.ask(answer, 'become')
  assert.match(refused, /^(HTTP\/1\.1 403 .*)?$/)
  assert.equal((await seenBy(world.app)).requests, requests)
})

/** Calls, each time over a new connection, and when told becomes Node, which calls over the last. */
const becoming = `
body='{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_inventory"}}'
export asked=$(printf 'POST /mcp HTTP/1.1\\r\\nHost: 127.0.0.1:%s\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "$1" "\${#body}" "$body")
while read -r command; do
  id=\${command//[!0-9]/}
  export id
  case $command in *become*) exec "$2" -e "$3" ;; esac
  exec 3<>/dev/tcp/127.0.0.1/$1
  printf %s "$asked" >&3
  IFS= read -r head <&3
  while IFS= read -r line <&3 && [ "$line" != $'\\r' ]; do
    case $line in [Cc]ontent-[Ll]ength:*) length=\${line//[!0-9]/} ;; esac
  done
  IFS= read -r -N "$length" text <&3
  text=\${text//\\"/}
  printf '{"id":%s,"answer":["%s","%s"]}\\n' "$id" "\${head%$'\\r'}" "$text"
done
`

/** What goes on in its place, with the connection that it had. */
const continued = `
const socket = new (require('node:net').Socket)({ fd: 3 })
let text = ''
socket.on('data', (chunk) => { text += chunk })
socket.on('error', () => {})
const done = () => {
  console.log(JSON.stringify({ id: Number(process.env.id), answer: [text.split('\\r\\n')[0], ''] }))
  process.exit()
}
socket.on('close', done)
socket.on('data', done)
socket.write(process.env.asked)
`
