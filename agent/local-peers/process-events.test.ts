import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'
import { ProcessEvents } from './process-events.ts'

const nobody = { changed: () => undefined, lost: () => undefined }

test('an exec is heard of, and disproves that the process ran one program since before it', async (t) => {
  const changed = new Set<number>()
  const events = new ProcessEvents({ ...nobody, changed: (pid) => changed.add(pid) })
  t.after(() => events.close())
  const child = spawn(
    '/bin/sh',
    ['-c', 'echo up; read line; exec /bin/sh -c "echo again; read line"'],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  )
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const pid = child.pid ?? 0
  const before = process.hrtime.bigint()
  // Where the kernel tells nothing, as in a container, nothing may be proved.
  assert.equal(events.hasRunSince(pid, before), events.isListening)
  changed.clear()
  child.stdin.write('go\n')
  await once(child.stdout, 'data')
  assert.equal(events.hasRunSince(pid, before), false)
  assert.equal(changed.has(pid), events.isListening)
  assert.equal(events.hasRunSince(pid, process.hrtime.bigint()), events.isListening)
})

test('a child is as old as the program that forked it', async (t) => {
  const events = new ProcessEvents(nobody)
  t.after(() => events.close())
  const before = process.hrtime.bigint()
  const child = spawn('/bin/bash', ['-c', '(echo $BASHPID; read line) & wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => child.kill('SIGKILL'))
  const output: unknown[] = await once(child.stdout, 'data')
  const forked = Number(String(output[0]))
  const after = process.hrtime.bigint()
  assert.notEqual(forked, child.pid)
  // The subshell has run no exec of its own, but bash itself has.
  assert.equal(events.hasRunSince(forked, before), false)
  assert.equal(events.hasRunSince(forked, after), events.isListening)
})

test('nothing is proved of the time before it listened, or once it is closed', () => {
  const before = process.hrtime.bigint()
  const events = new ProcessEvents(nobody)
  const after = process.hrtime.bigint()
  assert.equal(events.hasRunSince(process.pid, before), false)
  assert.equal(events.hasRunSince(process.pid, after), events.isListening)
  events.close()
  assert.equal(events.hasRunSince(process.pid, after), false)
  events.close()
})

test('events that were lost are noticed, and prove nothing', (t) => {
  let lost = 0
  const events = new ProcessEvents({ ...nobody, lost: () => lost++ })
  t.after(() => events.close())
  const before = process.hrtime.bigint()
  // More events than the buffer takes, while this thread reads none.
  const many = 'for i in $(seq 6000); do (:) ; done'
  execFileSync('/bin/bash', ['-c', many])
  assert.equal(events.hasRunSince(process.pid, before) && lost > 0, false)
  if (lost > 0) assert.equal(events.hasRunSince(process.pid, process.hrtime.bigint()), true)
})

test('whoever does not want events hears none', () => {
  assert.equal(new ProcessEvents(nobody, false).isListening, false)
})
