import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../../runtime/failure.ts'
import { CollectedIo } from '../../test/support/collected-io.ts'
import { type CommandSpec, defineCommand, UsageError } from './command.ts'

const flags = { n: { kind: 'int', help: 'A number' } } as const

function made(spec: Partial<CommandSpec<typeof flags>>) {
  const run = async (): Promise<number> => 0
  return defineCommand({ name: 'thing do', summary: 'Does it', flags, run, ...spec })
}

async function ran(
  spec: Partial<CommandSpec<typeof flags>>,
  argv: readonly string[] = [],
  hints = false,
): Promise<{ code: number; stderr: string }> {
  const io = Object.assign(new CollectedIo(), { hints })
  return { code: await made(spec).run(argv, io), stderr: io.stderr }
}

function failing(error: unknown): Partial<CommandSpec<typeof flags>> {
  return { run: () => Promise.reject(error) }
}

const unreachable = new Failure('unavailable', 'nobody is there', { hint: 'start it' })

test('our commands say what to do next, those of SPIRE only to a person', async () => {
  const ours = await ran(failing(unreachable))
  assert.deepEqual(ours, { code: 1, stderr: 'Error: nobody is there\n  next: start it\n' })
  const theirs = { spire: true, ...failing(unreachable) } as const
  assert.deepEqual(await ran(theirs), { code: 1, stderr: 'Error: nobody is there\n' })
  assert.equal((await ran(theirs, [], true)).stderr, ours.stderr)
})

test('the next step of what lies behind an error is told', async () => {
  const wrapped = new UsageError('it is unhealthy', { cause: unreachable })
  const { stderr } = await ran(failing(wrapped))
  assert.equal(stderr, 'Error: it is unhealthy\n  next: start it\n')
})

test('wrong use has its exit code, other failures have 1', async () => {
  assert.equal((await ran({ misuse: 2, ...failing(new UsageError('no')) })).code, 2)
  assert.equal((await ran({ misuse: 2, ...failing(unreachable) })).code, 1)
  assert.equal((await ran({ misuse: 2 }, ['-n', 'x'])).code, 2)
  assert.equal((await ran({ misuse: 2 }, ['more'])).code, 2)
})

test('words are counted: what is missing and what is too much is named [BAD-1]', async () => {
  const words = ['A', 'B?'] as const
  const next = '  next: countersign thing do A [B]\n'
  assert.equal((await ran({ words })).stderr, `Error: expected A, got nothing\n${next}`)
  assert.equal(
    (await ran({ words }, ['a', 'b', '"'])).stderr,
    `Error: unexpected word "\\""\n${next}`,
  )
  assert.equal((await ran({ words }, ['a'])).code, 0)
  assert.equal((await ran({ words: ['A...'] }, ['a', 'b', 'c'])).code, 0)
  assert.equal((await ran({ words: ['A...'] })).code, 1)
  assert.equal((await ran({ spire: true }, ['ignored'])).code, 0)
})

test('what an error quotes cannot speak to the terminal', async () => {
  const { stderr } = await ran(failing(new UsageError('bad \u001b[2J\u202e\nsecond line')))
  assert.equal(stderr, 'Error: bad \\u001b[2J\\u202e\nsecond line\n')
})

test('an error that nobody expected is told as such', async () => {
  assert.equal((await ran(failing(new Error('boom')))).stderr, 'Error: unexpected: boom\n')
})
