-- The same with a row for each slot, and nobody waits for a row that somebody else has locked.
\set o random(1, 262144)
update slot set officer = :o
where ctid = (
    select ctid from slot
    where vacancy = 0 and officer is null
    limit 1 for update skip locked
);
