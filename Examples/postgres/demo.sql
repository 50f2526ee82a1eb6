-- Two orders, each with its job in the same transaction; one transaction is rolled back.
CREATE TABLE orders (number integer PRIMARY KEY);

BEGIN;
INSERT INTO orders VALUES (1);
SELECT jobqueue.enqueue('demo.greeting', '{"name":"order 1"}', result_ttl => '1 hour');
COMMIT;

BEGIN;
INSERT INTO orders VALUES (2);
SELECT jobqueue.enqueue('demo.greeting', '{"name":"order 2"}', id => 'never');
ROLLBACK;
