-- Everybody wants the same vacancy: its row is locked until the sync is done.
\set o random(1, 262144)
update vacancy set slots_open = slots_open - 1, officer = :o where id = 0 and slots_open > 0;
