// Prints every record of a topic as a CloudEvent in its JSON form, read by the CloudEvents SDK.

import { CloudEvent, Kafka } from 'cloudevents'
import { Consumer, stringDeserializers } from '@platformatic/kafka'

const topic = process.argv[2] ?? 'crm.pipeline.deal.events.v1'
const consumer = new Consumer({
  bootstrapBrokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(','),
  groupId: `subscriber.example.cloudevents-${process.pid}`,
  deserializers: stringDeserializers,
  autocommit: false
})
const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stream.close())
for await (const record of stream) {
  if (record.value == null) continue // the end of a key on a state topic is no event
  const headers = Object.fromEntries(record.headers)
  const event = Kafka.toEvent({ headers, key: record.key, value: record.value, body: record.value })
  console.log(JSON.stringify(new CloudEvent(event)))
}
await consumer.close(true)
