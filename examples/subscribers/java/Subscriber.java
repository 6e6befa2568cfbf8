// Keeps lifecycle and owner of every customer of Rapport: the current state, then each event.
// Prints a line of JSON per change; ends on Ctrl-C or SIGTERM, and goes on there the next time.

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Subscriber {
  static final String STATE = "crm.contacts.customer.state.v1", EVENTS = "crm.contacts.customer.events.v1";
  static final Map<String, Map<String, String>> TAKES = Map.of( // what we keep of which type
      STATE, Map.of("lifecycle", "lifecycle", "owner_id", "owner_id"),
      "crm.contacts.customer.created.v1", Map.of("lifecycle", "lifecycle", "owner_id", "owner_id"),
      "crm.contacts.customer.lifecycle-changed.v1", Map.of("lifecycle", "to_lifecycle"),
      "crm.contacts.customer.owner-changed.v1", Map.of("owner_id", "to_owner_id"));
  static final ObjectMapper JSON = new ObjectMapper();
  static final Map<String, ObjectNode> customers = new HashMap<>();

  static void apply(ConsumerRecord<String, String> record) throws Exception {
    if (record.value() == null) { // a tombstone: the customer was erased, and its events count no more
      customers.put(record.key(), JSON.createObjectNode().put("version", Long.MAX_VALUE - 1));
      return;
    }
    String kind = new String(record.headers().lastHeader("ce_type").value());
    long version = Long.parseLong(new String(record.headers().lastHeader("ce_aggregateversion").value()));
    ObjectNode known = customers.getOrDefault(record.key(), JSON.createObjectNode().put("customer_id", record.key()));
    // A repeat is no news. A snapshot holds all of its version, an event only what it changed.
    if (!TAKES.containsKey(kind) || version < known.path("version").asLong() + (kind.equals(STATE) ? 0 : 1)) return;
    var body = JSON.readTree(record.value());
    var customer = known.deepCopy().put("version", version);
    TAKES.get(kind).forEach((mine, theirs) -> customer.set(mine, body.get(theirs)));
    customers.put(record.key(), customer);
    if (!customer.equals(known)) System.out.println(customer.deepCopy().put("because", kind));
  }

  public static void main(String[] arguments) throws Exception {
    var settings = new Properties(); // KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL, … in the environment
    System.getenv().forEach((name, value) -> {
      if (name.startsWith("KAFKA_")) settings.put(name.substring(6).toLowerCase().replace('_', '.'), value);
    });
    settings.put("group.id", arguments.length > 0 ? arguments[0] : "subscriber.example.java");
    settings.putAll(Map.of("auto.offset.reset", "earliest", "enable.auto.commit", "false"));
    var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    var main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      consumer.wakeup();
      try { main.join(); } catch (InterruptedException ignored) { }
    }));
    try {
      // Every snapshot that stands on the state topic now.
      var partitions = consumer.partitionsFor(STATE).stream().map(p -> new TopicPartition(STATE, p.partition())).toList();
      var ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p)))
        for (var record : consumer.poll(Duration.ofSeconds(1))) apply(record);
      consumer.unsubscribe();
      // Each change since; what is applied is committed, so that nothing is missed.
      consumer.subscribe(List.of(STATE, EVENTS));
      while (true) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) apply(record);
        consumer.commitSync();
      }
    } catch (WakeupException stopping) {
      consumer.close();
    }
  }
}
