-- Vacancy and calendar in one statement: the hour is booked if it is free, and the slot is taken
-- if the hour was booked and a slot is open.
\set v random(1, 262144)
\set o random(1, 262144)
\set h random(0, 61)
with booked as (
    update officer set calendar = calendar | (1::bigint << :h)
    where id = :o and calendar & (1::bigint << :h) = 0
    returning id
)
update vacancy set slots_open = slots_open - 1, officer = booked.id
from booked where vacancy.id = :v and slots_open > 0;
