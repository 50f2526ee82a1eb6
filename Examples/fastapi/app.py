"""A web service that hands its slow work to queue-worker over HTTP.

    queue-worker dev                                  # in one terminal: Redis, a worker, the API on port 8080
    pip install fastapi httpx uvicorn
    uvicorn app:app --port 8000                       # in another

    curl -s localhost:8000/orders --json '{"order":1042}'
    curl -s localhost:8000/orders/1042
    curl -s 'localhost:8000/orders/1042?wait=10'
"""

import os
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

URL = os.environ.get("QUEUE_URL", "http://127.0.0.1:8080")
TOKEN = os.environ.get("QUEUE_TOKEN")  # of `queue-worker tokens create`; `dev` needs none


@asynccontextmanager
async def lifespan(app: FastAPI):
    headers = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
    # A request that was lost is sent again: the ids below make that safe.
    transport = httpx.AsyncHTTPTransport(retries=2)
    async with httpx.AsyncClient(base_url=URL, headers=headers, timeout=70, transport=transport) as app.queue:
        yield


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    order: int


def path(order: int) -> str:
    return f"/v1/queues/default/jobs/order-{order}"


@app.post("/orders", status_code=202)
async def place(order: Order):
    """Durable once this returns; a second request for the same order makes no second job."""
    job = {"name": "demo.echo", "payload": order.model_dump(), "max_attempts": 8, "timeout_ms": 30_000}
    answer = await app.queue.put(path(order.order), json=job)
    if answer.is_error:
        problem = answer.json()
        raise HTTPException(answer.status_code, problem["detail"])
    return {"job": answer.json()["id"], "again": answer.status_code == 200}


@app.get("/orders/{order}")
async def look(order: int, wait: int = 0):
    """The state of the work, or its result; waits up to `wait` seconds for it."""
    headers = {"Prefer": f"wait={wait}"} if wait else {}
    answer = await app.queue.get(path(order), params={"include": "result"}, headers=headers)
    if answer.status_code == 404:
        raise HTTPException(404, "no such order")
    answer.raise_for_status()
    job = answer.json()
    return {"state": job["state"], "attempt": job["attempt"], "result": job.get("result")}
