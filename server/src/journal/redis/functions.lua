#!lua name=stockade_1
-- The Redis side of the journal. One stream and one hash make a partition; everything that writes to them is here, so
-- that each write is checked and atomic. The version is part of every name: change a line and the version changes.
--
-- KEYS[1] the stream: one entry per batch, id = epoch-last sequence; and one entry epoch-0 per opening
-- KEYS[2] the hash:
--   u uuid of the partition     f journal format          n entries in the stream
--   e epoch of the owner        t token of the owner      o name of the owner
--   l id of the last entry      s last sequence in it     x when the ownership runs out, ms by this server's clock
--   p id of the last entry before the owner opened
--
-- Errors begin with a code that the engine acts on: LOST, FENCED, GAP, HELD, OTHER, FORMAT, EXISTS, BADID.

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function text(v)
  if v then return v end
  return '-'
end

-- Decimal numbers without leading zeros, of any length.
local function less(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local function number(n)
  return string.format('%.0f', n)
end

-- Nothing if the stream is as long as the hash says, else the error.
local function lost(k, entries)
  if not entries then
    return redis.error_reply('LOST the hash ' .. k[2] .. ' is gone or empty')
  end
  local there = redis.call('XLEN', k[1])
  if there ~= tonumber(entries) then
    return redis.error_reply('LOST the stream ' .. k[1] .. ' has ' .. there .. ' entries instead of ' .. entries)
  end
end

local function fenced(e, l, o)
  return redis.error_reply('FENCED e=' .. text(e) .. ' l=' .. text(l) .. ' o=' .. text(o))
end

-- ARGV: uuid, format
local function init(k, a)
  local u = redis.call('HGET', k[2], 'u')
  if u == a[1] then return 'OK' end
  if u or redis.call('EXISTS', k[1]) == 1 then
    return redis.error_reply('EXISTS u=' .. text(u))
  end
  redis.call('XADD', k[1], '0-1', 'u', a[1], 'f', a[2])
  redis.call('HSET', k[2], 'u', a[1], 'f', a[2], 'e', '0', 't', '', 'o', '', 'l', '0-1', 's', '0', 'n', '1', 'x', '0', 'p', '0-0')
  return 'OK'
end

-- ARGV: new token; epoch, token and last id as seen; uuid, format, owner, milliseconds to hold, 1 to take over
-- Answers the epoch and the last id.
local function open(k, a)
  local h = redis.call('HMGET', k[2], 'e', 't', 'l', 'u', 'f', 'o', 'x', 'n')
  local gone = lost(k, h[8])
  if gone then return gone end
  if h[4] ~= a[5] then return redis.error_reply('OTHER u=' .. text(h[4])) end
  if h[5] ~= a[6] then return redis.error_reply('FORMAT f=' .. text(h[5])) end
  if h[2] == a[1] then return {h[1], h[3]} end
  if h[1] ~= a[2] or h[2] ~= a[3] or h[3] ~= a[4] then return fenced(h[1], h[3], h[6]) end
  local now = now_ms()
  if h[6] ~= a[7] and a[9] ~= '1' and tonumber(h[7]) > now then
    return redis.error_reply('HELD ms=' .. number(tonumber(h[7]) - now) .. ' o=' .. text(h[6]))
  end
  local e = number(tonumber(h[1]) + 1)
  local id = e .. '-0'
  if not redis.call('XADD', k[1], 'NOMKSTREAM', id, 't', a[1], 'p', h[3], 'f', a[6], 'o', a[7]) then
    return redis.error_reply('LOST the stream ' .. k[1] .. ' is gone')
  end
  redis.call('HSET', k[2], 'e', e, 't', a[1], 'o', a[7], 'l', id, 'p', h[3],
    'n', number(tonumber(h[8]) + 1), 'x', number(now + tonumber(a[8])))
  return {e, id}
end

-- ARGV: epoch, token, previous id, id, milliseconds to hold, batch
local function append(k, a)
  local h = redis.call('HMGET', k[2], 'e', 't', 'l', 's', 'n', 'o')
  local gone = lost(k, h[5])
  if gone then return gone end
  if h[1] ~= a[1] or h[2] ~= a[2] then return fenced(h[1], h[3], h[6]) end
  if h[3] ~= a[3] then return redis.error_reply('GAP l=' .. h[3] .. ' s=' .. h[4]) end
  local e, s = string.match(a[4], '^(%d+)%-([1-9]%d*)$')
  if e ~= a[1] or not less(h[4], s) then
    return redis.error_reply('BADID ' .. a[4] .. ' cannot follow ' .. h[3] .. ' with sequence ' .. h[4])
  end
  if not redis.call('XADD', k[1], 'NOMKSTREAM', a[4], 'd', a[6]) then
    return redis.error_reply('LOST the stream ' .. k[1] .. ' is gone')
  end
  redis.call('HSET', k[2], 'l', a[4], 's', s, 'n', number(tonumber(h[5]) + 1), 'x', number(now_ms() + tonumber(a[5])))
  return 'OK'
end

-- ARGV: epoch, token, milliseconds to hold (0 gives the partition up). Answers the last id and sequence.
local function beat(k, a)
  local h = redis.call('HMGET', k[2], 'e', 't', 'l', 's', 'n', 'o')
  local gone = lost(k, h[5])
  if gone then return gone end
  if h[1] ~= a[1] or h[2] ~= a[2] then return fenced(h[1], h[3], h[6]) end
  redis.call('HSET', k[2], 'x', number(now_ms() + tonumber(a[3])))
  return {h[3], h[4]}
end

redis.register_function('stockade_1_init', init)
redis.register_function('stockade_1_open', open)
redis.register_function('stockade_1_append', append)
redis.register_function('stockade_1_beat', beat)
