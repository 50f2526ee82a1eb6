"""Takes an order: python order.py tea 2. The order and the job for its receipt are there both, or neither."""

import os
import sys

import psycopg
from psycopg.types.json import Json


def take(connection, item, amount):
    with connection.transaction():
        row = connection.execute("INSERT INTO orders (item, amount) VALUES (%s, %s) RETURNING id", (item, amount))
        (order,) = row.fetchone()
        row = connection.execute(
            "SELECT jobqueue.enqueue('shop.receipt', %s, queue => 'mail', max_attempts => 8, timeout => '30 s')",
            (Json({"order": order}),),
        )
        (job,) = row.fetchone()
        # What goes wrong later takes the job along: the table keeps no negative stock.
        connection.execute("UPDATE stock SET amount = amount - %s WHERE item = %s", (amount, item))
        return order, job


def main(item, amount):
    with psycopg.connect(os.environ["POSTGRES_URL"]) as connection:
        try:
            order, job = take(connection, item, int(amount))
        except psycopg.errors.CheckViolation:
            sys.exit(f"there is not so much {item}: no order, and no job")
    print(f"order {order}, receipt by job {job}")


if __name__ == "__main__":
    main(*sys.argv[1:])
