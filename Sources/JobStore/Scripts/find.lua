-- find.lua: put in front of the scripts that change single jobs whatever their state (remove, edit), which name the keys
-- it uses.

local STATES = {
  [queued] = 'queued', [scheduled] = 'scheduled', [retrying] = 'retrying', [blocked] = 'blocked',
  [suspect] = 'suspect', [running] = 'running', [succeeded] = 'succeeded', [dead] = 'dead',
  [cancelled] = 'cancelled',
}

-- The index that a job is in, and its score; nil where there is no such job. What runs is found first: wherever else a
-- torn log left it, nothing may touch it.
local function find(id)
  for _, index in ipairs({running, queued, scheduled, retrying, blocked, suspect, succeeded, dead, cancelled}) do
    local score = redis.call('ZSCORE', index, id)
    if score then return index, score end
  end
end

-- Everything of a job that does not run which a reader can see, as one word: `JobView.version` makes the same.
local function version(id, index, score)
  local record = redis.call('HGET', runs, id) or ''
  local envelope = redis.call('HGET', jobs, id) or ''
  return redis.sha1hex(table.concat({STATES[index], score, '0', record, envelope}, '\n'))
end
