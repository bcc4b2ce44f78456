-- Makes a partition of a stream that is complete, if there is none.
-- KEYS: stream and hash of the partition, its notes, the stream that was made
-- ARGV: uuid, layout, token, last id, last sequence, entries
if redis.call('HGET', KEYS[2], 'u') == ARGV[1] then return 'OK' end
for n = 1, 3 do
  if redis.call('EXISTS', KEYS[n]) == 1 then return redis.error_reply('EXISTS u=' .. (redis.call('HGET', KEYS[2], 'u') or '-')) end
end
local there = redis.call('XLEN', KEYS[4])
if there ~= tonumber(ARGV[6]) then
  return redis.error_reply('LOST the stream ' .. KEYS[4] .. ' has ' .. there .. ' entries instead of ' .. ARGV[6])
end
redis.call('RENAME', KEYS[4], KEYS[1])
redis.call('PERSIST', KEYS[1])
redis.call('HSET', KEYS[2], 'u', ARGV[1], 'f', ARGV[2], 'e', '1', 't', ARGV[3], 'o', '', 'l', ARGV[4], 's', ARGV[5],
  'n', ARGV[6], 'x', '0', 'p', '0-1')
return 'OK'
