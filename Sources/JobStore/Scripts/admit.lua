-- admit.lua: put in front of the scripts that take jobs in (enqueue, intake), which name the keys it uses.
--
-- One job is six arguments: id, envelope, priority 0-9, due (0 now, negative a delay in ms, positive ms since 1970),
-- remember (ms that the id is remembered at least; 0 = by its own record only), digest of name and payload.

local INDEXES = {
  queued = queued, scheduled = scheduled, retrying = retrying, blocked = blocked, suspect = suspect,
  running = running, succeeded = succeeded, dead = dead, cancelled = cancelled,
}

local function state_of(id)
  for state, index in pairs(INDEXES) do
    if redis.call('ZSCORE', index, id) then return state end
  end
  return 'forgotten'
end

local function is_id(id)
  return #id <= 64 and string.find(id, '^[%w%._:%-]+$')
end

-- A whole number in a range; not nan, which is in none.
local function is_within(number, low, high)
  return number and number >= low and number <= high and number % 1 == 0
end

-- priority -> where its scores begin
local BASE = {}
for priority = 0, 9 do BASE[text(priority)] = priority * 562949953421312 + 281474976710656 end

-- Most jobs are due now and not remembered: reading those zeros as numbers would take longer than all the rest.
local function is_job(given, at)
  local due, remember = given[at + 3], given[at + 4]
  return is_id(given[at]) and given[at + 1] ~= '' and BASE[given[at + 2]]
    and (due == '0' or is_within(tonumber(due), -900000000000000, 900000000000000))
    and (remember == '0' or is_within(tonumber(remember), 0, 900000000000000))
end

-- The first job that is taken in, dead or alive, makes the queue. `sampled`: see sample.lua.
local function begin(stored_format, sampled)
  sample(sampled)
  if stored_format then return end
  redis.call('HSET', meta, 'format', ARGV[2])
  redis.call('HSETNX', meta, 'born', text(now_us))
end

-- Takes in `count` jobs, the first one's arguments beginning at given[first], each `stride` arguments apart, but for
-- those in `skip`. Where it `is_atomic`, one that is refused keeps all out; a duplicate is not refused.
-- Answers a word for each that was not simply taken in: 'dup <state>', 'conflict <state>', 'full', 'invalid', 'held'.
local function admit(given, first, stride, count, skip, is_atomic)
  local words = {}
  if count == 0 then return words end
  -- Probe.
  local ids = {}
  for k = 1, count do ids[k] = given[first + (k - 1) * stride] end
  local known = redis.call('HMGET', jobs, unpack(ids))
  local noted_count = redis.call('HLEN', idem)
  local noted = noted_count > 0 and redis.call('HMGET', idem, unpack(ids)) or {}
  local m = redis.call('HMGET', meta, 'format', 'limit_waiting', 'limit_idem', 'sampled', 'watched')
  heed(m[5])
  local room, idem_room = math.huge, (tonumber(m[3]) or 2000000) - noted_count
  if m[2] then
    room = tonumber(m[2]) - redis.call('ZCARD', queued) - redis.call('ZCARD', scheduled)
      - redis.call('ZCARD', retrying)
  end
  -- Decide.
  local seen, seen_state, now_at, later_at = {}, {}, {}, {}
  local is_refused = false
  for k = 1, count do
    local at = first + (k - 1) * stride
    local id = ids[k]
    if not (skip and skip[k]) then
      local note = noted[k] or seen[id]
      local digest = given[at + 5]
      if not is_job(given, at) then
        words[k] = 'invalid'
        is_refused = true
      elseif known[k] or note or seen_state[id] then
        -- Without a note the id is one that our client made, so a caller's own id meets another job.
        local same = digest == '' or note == '' or note == digest
        local state = seen_state[id] or state_of(id)
        words[k] = (same and 'dup ' or 'conflict ') .. state
        is_refused = is_refused or not same
      elseif room < 1 or (given[at + 4] ~= '0' and idem_room < 1) then
        words[k] = 'full'
        is_refused = true
      else
        room = room - 1
        if given[at + 4] ~= '0' then
          seen[id] = digest
          idem_room = idem_room - 1
        end
        if given[at + 3] == '0' or moment(tonumber(given[at + 3])) <= now then
          now_at[#now_at + 1] = at
          seen_state[id] = 'queued'
        else
          later_at[#later_at + 1] = at
          seen_state[id] = 'scheduled'
        end
      end
    end
  end
  if is_atomic and is_refused then
    -- A duplicate of a job of this call is held with it.
    for k = 1, count do
      if not words[k] or seen_state[ids[k]] and string.sub(words[k], 1, 3) == 'dup' then words[k] = 'held' end
    end
    return words
  end
  -- Write.
  local taken = #now_at + #later_at
  if taken == 0 then return words end
  begin(m[1], m[4])
  local stored, notes, until_ = {}, {}, {}
  local function store(at)
    stored[#stored + 1] = given[at]
    stored[#stored + 1] = given[at + 1]
    if given[at + 4] ~= '0' then
      notes[#notes + 1] = given[at]
      notes[#notes + 1] = given[at + 5]
      until_[#until_ + 1] = text(now + tonumber(given[at + 4]))
      until_[#until_ + 1] = given[at]
    end
  end
  local woken = #now_at > 0
  if #now_at > 0 then
    local sequence = redis.call('HINCRBY', meta, 'sequence', #now_at) - #now_at
    local scores = {}
    for k, at in ipairs(now_at) do
      store(at)
      scores[2 * k - 1] = text(BASE[given[at + 2]] + sequence + k)
      scores[2 * k] = given[at]
    end
    redis.call('ZADD', queued, unpack(scores))
    tell('enqueued', every(scores, 2, 2))
  end
  if #later_at > 0 then
    local earliest = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')[2]
    local first_new, scores = math.huge, {}
    for k, at in ipairs(later_at) do
      store(at)
      local score = moment(tonumber(given[at + 3])) * 10 + given[at + 2]
      scores[2 * k - 1] = text(score)
      scores[2 * k] = given[at]
      if score < first_new then first_new = score end
    end
    redis.call('ZADD', scheduled, unpack(scores))
    tell('enqueued', every(scores, 2, 2), 'state', 'scheduled')
    woken = woken or not earliest or first_new < tonumber(earliest)
  end
  redis.call('HSET', jobs, unpack(stored))
  if #notes > 0 then
    redis.call('HSET', idem, unpack(notes))
    redis.call('ZADD', idem_until, unpack(until_))
  end
  redis.call('HINCRBY', meta, 'enqueued', taken)
  if woken then redis.call('ZADD', wake, 0, 'w') end
  return words
end

-- Pairs (position, word) for every word, in order.
local function exceptions(answer, count, words)
  for k = 1, count do
    if words[k] then
      answer[#answer + 1] = k
      answer[#answer + 1] = words[k]
    end
  end
  return answer
end
