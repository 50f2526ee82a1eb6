-- One job a request, with an envelope of about 180 bytes.
local body = '{"name":"bench.noop","queue":"http","payload":{"to":"somebody@example.org","subject":"' ..
  string.rep("x", 80) .. '"}}'
wrk.method = "POST"
wrk.body = body
wrk.headers["Content-Type"] = "application/json"
