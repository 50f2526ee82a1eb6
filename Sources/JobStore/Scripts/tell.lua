-- tell.lua: put in front of the scripts that move jobs, which name the key it uses. While somebody watches, they tell in
-- events what they did: an entry for each kind of it, with many ids. Nothing depends on these, they are only shown: what
-- cannot be told is left out, and no call fails for it.
--
-- meta.watched  until when somebody watches, ms

-- Entries at most, about; ids of one entry; how far ahead meta.watched can be, ms: else the clock went back.
local EVENTS, EVENT_IDS, WATCH_MS = '2000', 200, 60000
local is_watched = false

-- `watched` is meta.watched. To be called before `tell`.
local function heed(watched)
  local left = (tonumber(watched) or 0) - now
  is_watched = left > 0 and left <= WATCH_MS
end

-- Every `step`th of a list, from `first` on: the ids among what a command takes. Only while they are to be told.
local function every(list, first, step)
  local some = {}
  if not is_watched then return some end
  for k = first, #list, step do some[#some + 1] = list[k] end
  return some
end

-- Tells what became of these ids, and one fact more where there is one. The key is made by who watches, and goes with them.
local function tell(event, ids, fact, value)
  if not is_watched then return end
  for first = 1, #ids, EVENT_IDS do
    local some = table.concat(ids, ' ', first, math.min(first + EVENT_IDS - 1, #ids))
    redis.pcall('XADD', events, 'NOMKSTREAM', 'MAXLEN', '~', EVENTS, '*', 'event', event, 'at', text(now), 'ids', some,
      fact or 'more', value or '')
  end
end
