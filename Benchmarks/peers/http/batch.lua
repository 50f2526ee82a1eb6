-- A thousand jobs a request.
local job = '{"name":"bench.noop","queue":"http","payload":{"to":"somebody@example.org","subject":"' ..
  string.rep("x", 80) .. '"}}'
local jobs = {}
for i = 1, 1000 do jobs[i] = job end
wrk.method = "POST"
wrk.body = '{"jobs":[' .. table.concat(jobs, ",") .. ']}'
wrk.headers["Content-Type"] = "application/json"
