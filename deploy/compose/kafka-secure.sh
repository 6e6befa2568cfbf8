#!/bin/bash
# Starts the broker of secure.yml: TLS and SCRAM-SHA-512 on every listener, deny by default.
# The super users are let in when the log is formatted; everybody else by `rapport credentials provision`.
set -euo pipefail
home=${KAFKA_HOME:-/opt/kafka}
secure=${SECURE_FOLDER:-/secure}
data=${KAFKA_LOG_DIRS:-/var/lib/kafka/data}
config=${CONFIG_FOLDER:-/tmp}/server.properties
secret() { cat "$secure/credentials/$1"; }
jaas="org.apache.kafka.common.security.scram.ScramLoginModule required username=\"kafka\" password=\"$(secret kafka)\";"

umask 077
cat > "$config" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:${CONTROLLER_PORT:-9093}
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
listeners=INTERNAL://:${INTERNAL_PORT:-9092},CONTROLLER://localhost:${CONTROLLER_PORT:-9093},HOST://:${HOST_PORT:-9094}
advertised.listeners=INTERNAL://${INTERNAL_HOST:-kafka}:${INTERNAL_PORT:-9092},HOST://localhost:${KAFKA_PORT:-8106}
listener.security.protocol.map=INTERNAL:SASL_SSL,CONTROLLER:SSL,HOST:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.internal.scram-sha-512.sasl.jaas.config=$jaas
listener.name.host.scram-sha-512.sasl.jaas.config=$jaas
ssl.keystore.type=PEM
ssl.keystore.location=$secure/tls/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$secure/tls/ca.pem
listener.name.controller.ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin;User:kafka;User:CN=rapport-kafka
log.dirs=$data
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
PROPERTIES

# It prints the keys that it derives, which are for no log.
"$home/bin/kafka-storage.sh" format --ignore-formatted --cluster-id "$("$home/bin/kafka-storage.sh" random-uuid)" \
  --config "$config" \
  --add-scram "SCRAM-SHA-512=[name=admin,password=$(secret admin)]" \
  --add-scram "SCRAM-SHA-512=[name=kafka,password=$(secret kafka)]" > /dev/null
exec "$home/bin/kafka-server-start.sh" "$config"
