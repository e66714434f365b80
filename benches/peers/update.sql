-- One row: a slot is taken if one is open. No calendar.
\set v random(1, 262144)
\set o random(1, 262144)
update vacancy set slots_open = slots_open - 1, officer = :o where id = :v and slots_open > 0;
