"""Handler for shop.receipt: writes the receipt once, however often the job runs. queue.yaml says how it is started."""

import json
import os
import sys

import psycopg

order = json.load(sys.stdin)["order"]
run = os.environ["JOB_QUEUE"], os.environ["JOB_ID"], int(os.environ["JOB_GENERATION"])

# Commits at the end, and rolls back when an exception leaves it: then the next run does what this one could not.
with psycopg.connect(os.environ["POSTGRES_URL"]) as connection:
    (is_first,) = connection.execute("SELECT jobqueue.once(%s, %s, %s)", run).fetchone()
    if is_first:
        connection.execute("INSERT INTO receipts (order_id) VALUES (%s)", (order,))

print("receipt written" if is_first else "the receipt was there", file=sys.stderr)
