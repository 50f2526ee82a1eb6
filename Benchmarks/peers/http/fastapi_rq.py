"""What people write today: a FastAPI endpoint in front of RQ."""

import os

from fastapi import FastAPI
from pydantic import BaseModel
from redis import Redis
from rq import Queue

app = FastAPI()
queue = Queue("http", connection=Redis(unix_socket_path=os.environ["REDIS_SOCKET"]))


class Job(BaseModel):
    name: str
    queue: str
    payload: dict


@app.get("/hello")
async def hello():
    return "hello"


# Not async: the client blocks, so the framework runs it on its threads.
@app.post("/jobs", status_code=201)
def enqueue(job: Job):
    return {"id": queue.enqueue("bench.noop", job.payload).id}
