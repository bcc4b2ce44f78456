-- Adds an entry to a stream that is being made. It goes by itself when nothing is added for a while.
-- KEYS[1] the stream; ARGV: id, milliseconds to live, fields and values
redis.call('XADD', KEYS[1], ARGV[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'OK'
