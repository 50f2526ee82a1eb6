#!lua flags=no-writes,allow-oom
-- inbox.lua: the oldest entries of the inbox, as many as one answer should carry.
--
-- KEYS[1] inbox   STREAM read
-- KEYS[2] meta    HASH   read: format
-- ARGV[1] now_ms     '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] limit      entries at most
-- ARGV[4] max_bytes  of all envelopes; one entry is always answered
-- ARGV[5] cut        bytes: of a longer envelope only so much is answered
--
-- Answers {'ok', now_ms, entries, envelopes, sizes}. An entry without the field job has an empty envelope.
-- uses:

local format = redis.call('HGET', meta, 'format')
if is_foreign(format) then return {'format', format} end
local limit, room, cut = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local entries, envelopes, sizes = {}, {}, {}
local from = '-'
-- One at a time: anybody may have written anything, and only what is answered should be copied.
while #entries < limit and room > 0 do
  local found = redis.call('XRANGE', inbox, from, '+', 'COUNT', 1)[1]
  if not found then break end
  local envelope, fields = '', found[2]
  for k = 1, #fields, 2 do
    if fields[k] == 'job' then envelope = fields[k + 1] end
  end
  entries[#entries + 1] = found[1]
  envelopes[#envelopes + 1] = string.sub(envelope, 1, cut)
  sizes[#sizes + 1] = #envelope
  room = room - #envelopes[#envelopes]
  from = '(' .. found[1]
end
return {'ok', now, entries, envelopes, sizes}
