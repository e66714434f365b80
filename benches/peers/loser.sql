-- The vacancy is filled: nothing is written, so nothing is synced.
\set o random(1, 262144)
update vacancy set slots_open = slots_open - 1, officer = :o where id = -1 and slots_open > 0;
