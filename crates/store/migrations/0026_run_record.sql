-- What it held is in `run_journal`.
DROP TABLE IF EXISTS run_record;
