-- What the shop's databases hold before their later migrations run: enough rows that a backfill has work
-- to do. Written for the schema of revision a417c93d5e08 and the same on every machine.
INSERT INTO customers (email, first_name, last_name, created_at)
SELECT 'customer' || n || '@example.com',
       (ARRAY['Ada', 'Boris', 'Chiara', 'Dmitri', 'Emre', 'Fatima', 'Goran', 'Hana'])[1 + n % 8],
       (ARRAY['Ivanova', 'Jensen', 'Kim', 'Lopez', 'Moreau', 'Novak', 'Okafor', 'Petrov', 'Quist'])[1 + n % 9],
       timestamptz '2025-01-01 00:00+00' + n * interval '9 hours'
  FROM generate_series(1, 800) AS n;

INSERT INTO products (sku, name, price_cents)
SELECT 'SKU-' || lpad(n::text, 4, '0'),
       (ARRAY['Kettle', 'Lamp', 'Teapot', 'Scales', 'Flask', 'Funnel'])[1 + n % 6] || ' no. ' || n,
       490 + (n * 137) % 9000
  FROM generate_series(1, 120) AS n;

INSERT INTO orders (customer_id, placed_at)
SELECT 1 + (n * 31) % 800, timestamptz '2025-06-01 00:00+00' + n * interval '3 hours'
  FROM generate_series(1, 2000) AS n;

INSERT INTO order_lines (order_id, product_id, quantity)
SELECT o, 1 + (o * 7 + k * 41) % 120, 1 + (o + k) % 3
  FROM generate_series(1, 2000) AS o, generate_series(1, 2) AS k;
