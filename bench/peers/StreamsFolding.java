// The fold of the demo's log with Kafka Streams, into PostgreSQL by batched upserts over JDBC.
//
//     java -cp … StreamsFolding.java BOOTSTRAP JDBC_URL APPLICATION STATE_FOLDER
//
// One stream thread. A processor per topic folds each record into the row of its aggregate in a
// persistent store (RocksDB with a changelog topic) and drops versions that are not newer. Kafka
// Streams has no sink for databases: changed rows wait in memory and go out in one guarded upsert
// per table, every 1,000 rows and ten times a second; at least once, guarded by the version. The
// tasks of the one thread share what waits and the connection, for small batches would be slow.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

public class StreamsFolding {
    static final ObjectMapper JSON = new ObjectMapper();
    static final int BATCH = 1000;
    static final long FLUSH_EVERY_NANOS = 100_000_000L;

    static final List<String> CUSTOMER = List.of(
        "customer_id", "kind", "display_name", "lifecycle", "lifecycle_since", "owner_id",
        "source", "region", "industry", "language", "currency", "created_at");
    static final List<String> FACTS = List.of(
        "customer_id", "lifecycle", "lifecycle_since", "owner_id", "source");
    static final List<String> ORDER = List.of(
        "order_id", "customer_id", "status", "external_system", "external_ref", "line_count",
        "total", "currency", "ordered_at", "changed_at");

    static final Map<String, String> TYPES = Map.of(
        "customer_id", "uuid", "order_id", "uuid", "lifecycle_since", "timestamptz",
        "created_at", "timestamptz", "ordered_at", "timestamptz", "changed_at", "timestamptz",
        "line_count", "bigint", "total", "numeric");

    interface Fold {
        ObjectNode next(ObjectNode row, JsonNode event, String type);
    }

    static ObjectNode copy(ObjectNode row, JsonNode event, List<String> names) {
        for (String name : names) {
            if (event.hasNonNull(name)) row.set(name, event.get(name));
        }
        return row;
    }

    static ObjectNode customer(ObjectNode row, JsonNode event, String type) {
        return copy(JSON.createObjectNode(), event, CUSTOMER);
    }

    static ObjectNode customerFacts(ObjectNode row, JsonNode event, String type) {
        row.set("customer_id", event.get("customer_id"));
        if (type.endsWith(".created.v1")) {
            return copy(row, event, List.of("lifecycle", "owner_id", "source"));
        }
        if (type.endsWith(".lifecycle-changed.v1")) {
            row.set("lifecycle", event.get("to_lifecycle"));
            row.set("lifecycle_since", event.get("since"));
        }
        if (type.endsWith(".owner-changed.v1")) row.set("owner_id", event.get("to_owner_id"));
        return row;
    }

    static ObjectNode order(ObjectNode row, JsonNode event, String type) {
        copy(row, event, List.of("order_id", "customer_id", "total", "currency"));
        if (type.endsWith(".confirmed.v1")) {
            copy(row, event, List.of("external_system", "external_ref", "ordered_at"));
            row.put("status", "confirmed");
            row.set("changed_at", event.get("ordered_at"));
        }
        if (type.endsWith(".status-changed.v1")) {
            row.set("status", event.get("to_status"));
            row.set("changed_at", event.get("changed_at"));
        }
        if (event.has("lines")) row.put("line_count", event.get("lines").size());
        return row;
    }

    static class Table {
        final String name;
        final List<String> columns;
        final Map<String, ObjectNode> changed = new LinkedHashMap<>();
        final Connection connection;
        final PreparedStatement upsert;
        long flushedAt = System.nanoTime();
        boolean isOpen = false;

        Table(String name, List<String> columns, String url) throws SQLException {
            this.name = name;
            this.columns = columns;
            connection = DriverManager.getConnection(url);
            connection.setAutoCommit(false);
            upsert = connection.prepareStatement(statement());
        }

        String statement() {
            StringBuilder values = new StringBuilder("?::text[]::bigint[]");
            StringBuilder replaced = new StringBuilder("version = excluded.version");
            for (String column : columns) {
                String type = TYPES.getOrDefault(column, "text");
                values.append(", ?::text[]::").append(type).append("[]");
                replaced.append(", ").append(column).append(" = excluded.").append(column);
            }
            return "INSERT INTO " + name + " (version, " + String.join(", ", columns) + ")"
                + " SELECT * FROM unnest(" + values + ") ON CONFLICT (" + columns.get(0) + ") DO"
                + " UPDATE SET " + replaced + " WHERE " + name + ".version < excluded.version";
        }

        void put(String key, ObjectNode row) {
            changed.put(key, row);
            if (changed.size() >= BATCH) flush();
        }

        // At the first record, until the row lets go of the tables: all has started by then.
        void waitAtGate() {
            if (isOpen) return;
            try (Statement statement = connection.createStatement()) {
                statement.executeQuery("SELECT FROM " + name + " LIMIT 1").close();
                connection.commit();
            } catch (SQLException error) {
                throw new IllegalStateException(error);
            }
            isOpen = true;
        }

        void flushIfOld() {
            if (System.nanoTime() - flushedAt >= FLUSH_EVERY_NANOS) flush();
        }

        void flush() {
            flushedAt = System.nanoTime();
            if (changed.isEmpty()) return;
            try {
                array(1, "version");
                for (int n = 0; n < columns.size(); n++) array(n + 2, columns.get(n));
                upsert.executeUpdate();
                connection.commit();
            } catch (SQLException error) {
                throw new IllegalStateException(error);
            }
            changed.clear();
        }

        void array(int place, String column) throws SQLException {
            Object[] values = changed.values().stream()
                .map(row -> row.hasNonNull(column) ? row.get(column).asText() : null).toArray();
            upsert.setArray(place, connection.createArrayOf("text", values));
        }
    }

    static class Folding implements Processor<String, byte[], Void, Void> {
        final Table table;
        final Fold fold;
        KeyValueStore<String, byte[]> rows;

        Folding(Table table, Fold fold) {
            this.table = table;
            this.fold = fold;
        }

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            rows = context.getStateStore(table.name + "-rows");
            Duration often = Duration.ofNanos(FLUSH_EVERY_NANOS);
            context.schedule(often, PunctuationType.WALL_CLOCK_TIME, at -> table.flushIfOld());
        }

        @Override
        public void process(Record<String, byte[]> record) {
            table.waitAtGate();
            try {
                long version = Long.parseLong(header(record, "ce_aggregateversion"));
                byte[] stored = rows.get(record.key());
                ObjectNode row = stored == null
                    ? JSON.createObjectNode().put("version", 0L) : (ObjectNode) JSON.readTree(stored);
                if (version <= row.get("version").asLong()) return;
                row = fold.next(row, JSON.readTree(record.value()), header(record, "ce_type"));
                row.put("version", version);
                rows.put(record.key(), JSON.writeValueAsBytes(row));
                table.put(record.key(), row);
            } catch (java.io.IOException error) {
                throw new IllegalStateException(error);
            }
        }

        static String header(Record<String, byte[]> record, String name) {
            byte[] value = record.headers().lastHeader(name).value();
            return new String(value, StandardCharsets.UTF_8);
        }

        @Override
        public void close() {
            table.flush();
        }
    }

    static void add(Topology topology, String topic, Table table, Fold fold) {
        topology.addSource(topic, Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), topic);
        topology.addProcessor(table.name, () -> new Folding(table, fold), topic);
        topology.addStateStore(Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore(table.name + "-rows"), Serdes.String(), Serdes.ByteArray()), table.name);
    }

    public static void main(String[] said) throws SQLException {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, said[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, said[2]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, said[3]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        Topology topology = new Topology();
        Table customers = new Table("customers", CUSTOMER, said[1]);
        Table facts = new Table("customer_facts", FACTS, said[1]);
        Table orders = new Table("orders", ORDER, said[1]);
        add(topology, "crm.contacts.customer.state.v1", customers, StreamsFolding::customer);
        add(topology, "crm.contacts.customer.events.v1", facts, StreamsFolding::customerFacts);
        add(topology, "crm.pipeline.order.events.v1", orders, StreamsFolding::order);
        KafkaStreams streams = new KafkaStreams(topology, settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
        streams.start();
    }
}
