-- What the references work on. Half of each page stays free, so that an updated row finds room
-- beside the old one and no index changes (a HOT update): the best case for PostgreSQL.
create table vacancy (
    id int primary key,
    slots_open int not null,
    officer int
) with (fillfactor = 50);
insert into vacancy (id, slots_open) select n, 1000000 from generate_series(1, 262144) n;
-- The hot one, and one that is filled.
insert into vacancy (id, slots_open) values (0, 2000000000), (-1, 0);

-- A calendar is a mask of 62 hours.
create table officer (
    id int primary key,
    calendar bigint not null default 0
) with (fillfactor = 50);
insert into officer (id) select n from generate_series(1, 262144) n;

-- Slots as rows, for a hot vacancy without a hot row.
create table slot (
    vacancy int not null,
    number int not null,
    officer int
) with (fillfactor = 50);
create index slot_free on slot (vacancy) where officer is null;
