//! What the store promises, held against both databases: SQLite in a file and in memory always,
//! PostgreSQL when `TEST_PG` names a database whose user may make schemas.

mod aggregates;
mod journal;
mod migrations;
mod seam;
mod world;
