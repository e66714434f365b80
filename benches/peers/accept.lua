-- KEYS: slots taken of a vacancy, the calendar of an officer. ARGV: an hour.
-- The hour is booked and a slot is taken if both are free; 0 says that one was not.
local hour = tonumber(ARGV[1]) % 4096
if redis.call('GETBIT', KEYS[2], hour) == 1 then return 0 end
local taken = redis.call('INCR', KEYS[1])
if taken > 1000000 then
    redis.call('DECR', KEYS[1])
    return 0
end
redis.call('SETBIT', KEYS[2], hour, 1)
return taken
