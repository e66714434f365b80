-- KEYS: the slot of a vacancy, the calendar of an officer. ARGV: an hour, the officer.
-- The slot is taken and the hour booked if both are free; 0 says that one was not, and writes
-- nothing.
local hour = tonumber(ARGV[1]) % 4096
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if redis.call('GETBIT', KEYS[2], hour) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('SETBIT', KEYS[2], hour, 1)
return 1
