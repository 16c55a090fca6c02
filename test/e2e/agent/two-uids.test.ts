// needs: root, setpriv
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { IdentityPlane } from '../../support/identity-plane.ts'
import { nodeCommand, RunningProgram } from '../../support/running-program.ts'

const answer = z.object({
  ids: z.array(z.string()).optional(),
  code: z.string().optional(),
  message: z.string().optional(),
})

const one = { uid: 20_001, gid: 20_001 }
const two = { uid: 20_002, gid: 20_001 }
const three = { uid: 20_003, gid: 20_003 }

test('two uids get two identities, a third one none [DONE-3 EP-5 EP-7]', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  const uidOf = (uid: number) => ({ selectors: [{ type: 'unix', value: `uid:${uid}` }] })
  await plane.createEntry('one', token, uidOf(one.uid))
  await plane.createEntry('two', token, uidOf(two.uid))
  await plane.createEntry('group', token, { selectors: [{ type: 'unix', value: 'gid:20001' }] })
  await plane.startAgent({ token })
  const fetchAs = async (as: typeof one) => {
    const workload = new RunningProgram(
      [...nodeCommand('test/support/workload'), plane.sockets().workload, 'once'],
      as,
    )
    await workload.exited
    return answer.parse(JSON.parse(workload.output))
  }
  const [first, second, third] = await Promise.all([one, two, three].map(fetchAs))
  assert.deepEqual(first?.ids, ['spiffe://example.org/group', 'spiffe://example.org/one'])
  assert.deepEqual(second?.ids, ['spiffe://example.org/group', 'spiffe://example.org/two'])
  assert.deepEqual(third, { code: 'permission-denied', message: 'no identity issued' })
})
