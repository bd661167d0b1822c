-- Whoever is answered for by somebody, or should be: few among many, and looked at every half minute.
CREATE INDEX IF NOT EXISTS person_sponsored ON person (id) WHERE (sponsor IS NOT NULL OR kind IN ('ai-agent', 'service-account'));
CREATE INDEX IF NOT EXISTS person_by_sponsor ON person (sponsor, id) WHERE sponsor IS NOT NULL;
