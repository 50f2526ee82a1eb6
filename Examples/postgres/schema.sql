-- The shop's own tables. Those of the queue come with `queue-worker postgres migrate`.
CREATE TABLE stock (item text PRIMARY KEY, amount integer NOT NULL CHECK (amount >= 0));
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL REFERENCES stock, amount integer NOT NULL);
CREATE TABLE receipts (order_id bigint NOT NULL REFERENCES orders, written_at timestamptz NOT NULL DEFAULT now());
INSERT INTO stock VALUES ('tea', 10), ('coffee', 10);
