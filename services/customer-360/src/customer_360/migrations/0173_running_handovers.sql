-- What a customer's view asks: whether whoever answers for it hands over just now.
CREATE INDEX handovers_running_idx ON handovers (from_owner_id) WHERE status = 'waiting-acks';
