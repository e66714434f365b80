-- Who may take vacancy ARGV[1]: its agencies and the bitmaps asked for are in a hash. Bitmaps are
-- by agency, so that no more is read than has to be.
local work = redis.call('HMGET', 'vacancy:' .. tonumber(ARGV[1]), 'agencies', 'one', 'other',
    'programme', 'day')
local found = 0
for agency in string.gmatch(work[1], '%d+') do
    local of = 'agency:' .. agency
    redis.call('BITOP', 'AND', 'found', of .. ':kind:' .. work[2], of .. ':kind:' .. work[3],
        of .. ':approved:' .. work[4], of .. ':free:' .. work[5])
    found = found + redis.call('BITCOUNT', 'found')
end
return found
