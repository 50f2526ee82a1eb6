#!lua flags=no-writes,allow-oom
-- rights.lua: which of some calls this user may not make. Makes none of them; touches no key.
--
-- ARGV[1…] one call after the other: the number of its words, then its words; with as many as the command takes, because
--          servers may end at fewer
--
-- Answers {'ok', the position of each call that is not permitted}.

local answer, at, position = {'ok'}, 1, 0
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  position = position + 1
  -- A command that the server does not know, because it was renamed, is an error.
  local is_known, is_permitted = pcall(redis.acl_check_cmd, unpack(ARGV, at + 1, at + words))
  if not is_known or not is_permitted then answer[#answer + 1] = position end
  at = at + 1 + words
end
return answer
