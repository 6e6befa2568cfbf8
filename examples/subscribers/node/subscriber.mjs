// Keeps lifecycle and owner of every customer of Rapport: the current state, then each event.
// Prints a line of JSON per change; ends on Ctrl-C or SIGTERM, and goes on there the next time.

import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { Consumer, stringDeserializers } from '@platformatic/kafka'

const STATE = 'crm.contacts.customer.state.v1'
const EVENTS = 'crm.contacts.customer.events.v1'
const TAKES = { // what we keep of which type
  [STATE]: { lifecycle: 'lifecycle', owner_id: 'owner_id' },
  'crm.contacts.customer.created.v1': { lifecycle: 'lifecycle', owner_id: 'owner_id' },
  'crm.contacts.customer.lifecycle-changed.v1': { lifecycle: 'to_lifecycle' },
  'crm.contacts.customer.owner-changed.v1': { owner_id: 'to_owner_id' }
}
const customers = new Map()

function apply ({ key, value, headers }) {
  if (value == null) { // a tombstone: the customer was erased, and its events count no more
    customers.set(key, { version: Infinity })
    return
  }
  const kind = headers.get('ce_type')
  const version = Number(headers.get('ce_aggregateversion'))
  const known = customers.get(key) ?? { version: 0 }
  // A repeat is no news. A snapshot holds all of its version, an event only what it changed.
  if (!TAKES[kind] || version < known.version + (kind === STATE ? 0 : 1)) return
  const body = JSON.parse(value)
  const changed = Object.entries(TAKES[kind]).map(([mine, theirs]) => [mine, body[theirs] ?? null])
  const customer = { ...known, ...Object.fromEntries(changed), version }
  customers.set(key, customer)
  if (!isDeepStrictEqual(customer, known)) console.log(JSON.stringify({ customer_id: key, ...customer, because: kind }))
}

const group = process.argv[2] ?? 'subscriber.example.node'
const env = process.env
const access = {
  bootstrapBrokers: env.KAFKA_BOOTSTRAP_SERVERS.split(','),
  tls: env.KAFKA_SSL_CA_LOCATION && { ca: readFileSync(env.KAFKA_SSL_CA_LOCATION) },
  sasl: env.KAFKA_SASL_USERNAME && { mechanism: env.KAFKA_SASL_MECHANISM, username: env.KAFKA_SASL_USERNAME, password: env.KAFKA_SASL_PASSWORD },
  deserializers: stringDeserializers,
  autocommit: false
}

const consumer = new Consumer({ ...access, groupId: group })
let stream
let isStopping = false
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { isStopping = true; stream?.close() })

async function * read (options) { // to its end, or until we are told to stop
  if (isStopping) return
  stream = await consumer.consume(options)
  if (isStopping) stream.close()
  yield * stream
}

// Every snapshot that stands on the state topic now.
const ends = (await consumer.listOffsets({ topics: [STATE] })).get(STATE)
const starts = (await consumer.listOffsets({ topics: [STATE], timestamp: -2n })).get(STATE)
const unread = new Set(ends.keys().filter(partition => ends[partition] > starts[partition]))
if (unread.size > 0) {
  for await (const message of read({ topics: [STATE], mode: 'earliest' })) {
    apply(message)
    if (message.offset + 1n >= ends[message.partition]) unread.delete(message.partition)
    if (unread.size === 0) break
  }
}

// Each change since; what is applied is committed, so that nothing is missed.
for await (const message of read({ topics: [STATE, EVENTS], mode: 'committed', fallbackMode: 'earliest' })) {
  apply(message)
  message.commit(error => { if (error) throw error }) // the client sends many as one
}
await consumer.close(true)
