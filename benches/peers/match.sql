-- Officers as PostgreSQL finds them fastest: those who are ready at all, by agency, with everything
-- that is asked in the index, so that the table itself is not read. A kind of certification, a
-- programme and a day is a bit.
create table officer (
    id int primary key,
    agency int not null,
    kinds int not null,
    approved int not null,
    busy int not null,
    ready int not null
);
create table vacancy (
    id int primary key,
    agencies text not null,
    kinds int not null,
    programme int not null,
    day int not null,
    eligible int not null
);
