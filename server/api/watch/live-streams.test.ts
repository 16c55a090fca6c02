import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpiffeId, type SpiffeId } from '../../../spiffe/spiffe-id.ts'
import { type LiveStream, LiveStreams } from './live-streams.ts'

class CountingStream implements LiveStream {
  readonly agentId: SpiffeId
  readonly acknowledgedBundle = 0n
  wakes = 0
  isSuperseded = false

  constructor(name: string) {
    this.agentId = parseSpiffeId(`spiffe://example.org/spire/agent/${name}`)
  }

  isAliased(): boolean {
    return false
  }

  wake(): void {
    this.wakes++
  }

  supersede(): void {
    this.isSuperseded = true
  }
}

test('a change for many agents wakes them a hundred in a turn of the event loop', async () => {
  const live = new LiveStreams()
  const streams = Array.from({ length: 250 }, (_, index) => new CountingStream(`a${index}`))
  for (const stream of streams) live.add(stream)
  live.markThose(() => true)
  const woken = () => streams.filter(({ wakes }) => wakes > 0).length
  const turns: number[] = []
  while (woken() < streams.length) {
    turns.push(woken())
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(turns, [0, 100, 200])
  assert.ok(streams.every(({ wakes }) => wakes === 1))
})

test('changes that come before a stream is woken wake it once', async () => {
  const live = new LiveStreams()
  const [one, other] = [new CountingStream('one'), new CountingStream('other')]
  live.add(one)
  live.add(other)
  for (let change = 0; change < 5; change++) live.markAgent(one.agentId)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([one.wakes, other.wakes], [1, 0])
})

test('a stream that is gone is not woken', async () => {
  const live = new LiveStreams()
  const stream = new CountingStream('gone')
  live.add(stream)
  live.follow(stream, new Set([stream.agentId]))
  live.markThose(() => true)
  live.remove(stream)
  live.markFollowers(stream.agentId)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(stream.wakes, 0)
  assert.deepEqual([...live], [])
})

test('only those who follow an ID are woken by what happens there', async () => {
  const live = new LiveStreams()
  const [here, there] = [new CountingStream('here'), new CountingStream('there')]
  const [a, b] = [parseSpiffeId('spiffe://example.org/a'), parseSpiffeId('spiffe://example.org/b')]
  live.add(here)
  live.add(there)
  live.follow(here, new Set([a]))
  live.follow(there, new Set([b]))
  live.markFollowers(a)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([here.wakes, there.wakes], [1, 0])
  live.follow(here, new Set([b]))
  live.markFollowers(a)
  live.markFollowers(b)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([here.wakes, there.wakes], [2, 1])
})

test('the third stream of an agent ends the first', () => {
  const live = new LiveStreams()
  const streams = [1, 2, 3].map(() => new CountingStream('same'))
  for (const stream of streams) live.add(stream)
  assert.deepEqual(
    streams.map(({ isSuperseded }) => isSuperseded),
    [true, false, false],
  )
})
