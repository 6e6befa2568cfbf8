-- Fills the tables of customer-360 for so many customers, each with what a customer of some years
-- has: a person with two addresses, consents, a lead, deals, orders, a ticket with its clock, a
-- survey, two messages, a response, and a timeline. Ids are made as UUIDv7 are: by time, then random.

CREATE FUNCTION pg_temp.id_of(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || left(md5(kind || n), 3)
        || '8' || right(md5(kind || n), 15))::uuid
$$;
CREATE FUNCTION pg_temp.day_of(n bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT timestamptz '2026-11-01' - n % 700 * interval '1 day'
$$;
CREATE TEMP TABLE filling AS SELECT n, pg_temp.id_of('customer', n) AS customer,
    pg_temp.id_of('contact', n) AS contact, pg_temp.day_of(n) AS day, md5('address' || n) AS hash
FROM generate_series(1, {customers}::bigint) AS n;

INSERT INTO customers SELECT customer, 3, 'organization', 'Maschinenfabrik ' || left(hash, 6) || ' GmbH',
    NULL, 'customer', day, 'sales-' || n % 50, 'erp', NULL, 'Wien', 'machinery', NULL, 'de', 'EUR', NULL,
    NULL, '["key-account"]', jsonb_build_array(jsonb_build_object('system', 'erp', 'id', 'C-' || n)),
    jsonb_build_array('erp:C-' || n), day
FROM filling;
INSERT INTO contacts SELECT contact, 4, 'Ada', 'L' || left(hash, 7), 'Ada L' || left(hash, 7), NULL,
    'Purchasing', NULL, 'de', NULL,
    jsonb_build_array(
        jsonb_build_object('point_id', pg_temp.id_of('mail', n), 'type', 'email', 'is_primary', true,
            'value', hash || '@example.com', 'normalized', hash || '@example.com', 'status', 'active'),
        jsonb_build_object('point_id', pg_temp.id_of('phone', n), 'type', 'phone', 'is_primary', true,
            'value', '+43' || n, 'normalized', '+43' || n, 'status', 'active')),
    jsonb_build_array(jsonb_build_object('customer_id', customer, 'role', 'buyer', 'is_primary', true,
        'since', to_char(day, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'until', NULL)),
    jsonb_build_array(customer), jsonb_build_array('email:' || hash || '@example.com', 'phone:+43' || n),
    jsonb_build_array(hash), day
FROM filling;
INSERT INTO consents SELECT pg_temp.id_of('consent' || part, n), 1, contact, 'email',
    (ARRAY['marketing', 'service'])[part], 'granted', 'form', day, NULL
FROM filling, generate_series(1, 2) AS part;
INSERT INTO suppressions SELECT pg_temp.id_of('suppression', n), 1, hash, 'email', 'marketing', 'unsubscribed',
    true FROM filling WHERE n % 10 = 0;
INSERT INTO identities SELECT pg_temp.id_of('link', n), 1, contact, customer, 'submission',
    pg_temp.id_of('submission', n)::text FROM filling;
INSERT INTO leads SELECT pg_temp.id_of('lead', n), 4, 'converted', customer, contact, NULL, NULL, NULL, 'form',
    'web', 'sales-' || n % 50, 'B', 60, '["press-40"]', day, day, day, NULL FROM filling;
INSERT INTO deals SELECT pg_temp.id_of('deal' || part, n), 5, customer, (ARRAY['open', 'won'])[part],
    'proposal', 12500, 'EUR', 40, 'pipeline', day::date, 0, 'sales-' || n % 50, 'erp', contact, NULL, NULL,
    '["press-40"]', '[]', day, CASE part WHEN 2 THEN day END, NULL
FROM filling, generate_series(1, 2) AS part;
INSERT INTO orders SELECT pg_temp.id_of('order' || part, n), 2, customer, 'paid', 'erp', 'O-' || n || '-' || part,
    2, 980.50, 'EUR', day - part * interval '30 days', day
FROM filling, generate_series(1, 4) AS part;
INSERT INTO order_horizon (newest_ordered_at) VALUES (timestamptz '2026-11-01');
INSERT INTO tickets SELECT pg_temp.id_of('ticket', n), 4, customer, contact, 'T-' || n,
    (ARRAY['open', 'resolved'])[1 + n % 2], 'incident', 'repair', 1 + n % 4, 'normal', 'email', 'sam', NULL, NULL,
    0, day, day, NULL, NULL FROM filling;
INSERT INTO clocks SELECT pg_temp.id_of('clock', n), 2, pg_temp.id_of('ticket', n), customer, 'resolution', 'met',
    480, day, day, NULL, NULL, NULL, day, NULL FROM filling;
INSERT INTO surveys SELECT pg_temp.id_of('survey', n), 2, customer, contact, pg_temp.id_of('ticket', n), 'csat',
    1 + n % 5, day, day FROM filling;
INSERT INTO campaigns SELECT pg_temp.id_of('campaign', n), 2, 'launched', 'Spring ' || n, 'email', 'marketing'
FROM generate_series(1, 100) AS n;
INSERT INTO messages SELECT pg_temp.id_of('message' || part, n), 3, pg_temp.id_of('campaign', 1 + n % 100), contact,
    CASE part WHEN 2 THEN customer END, 'email', 'clicked', NULL, day, day, day, NULL
FROM filling, generate_series(1, 2) AS part;
INSERT INTO responses SELECT pg_temp.id_of('response', n), 1, pg_temp.id_of('campaign', 1 + n % 100), contact, NULL,
    NULL, 'click', 5, '[]', day FROM filling;
INSERT INTO timeline SELECT customer, day - part * interval '3 days', pg_temp.id_of('event' || part, n),
    'order-confirmed', 'pipeline', '{{"title": "Order confirmed", "actor": "erp", "ref": "O-1"}}'
FROM filling, generate_series(1, 8) AS part;
INSERT INTO profiles SELECT customer, 24, NULL, 24, hash FROM filling;
INSERT INTO consumer_positions (consumer, topic, partition, next_offset, event_time, recorded_at)
SELECT 'customer-360.facts', topic, part, {customers} / 12, now(), now()
FROM unnest({topics}) AS topic, generate_series(0, 11) AS part;
