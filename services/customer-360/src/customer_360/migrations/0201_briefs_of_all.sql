-- In which handover a ticket or a lead changed hands last; what changed before is told of by the next
-- rebuild.
ALTER TABLE tickets ADD COLUMN handover_id uuid;
CREATE INDEX tickets_handover_idx ON tickets (handover_id, customer_id)
    WHERE handover_id IS NOT NULL;
CREATE INDEX tickets_open_agent_idx ON tickets (agent_id, customer_id)
    WHERE status NOT IN ('resolved', 'closed', 'cancelled');

ALTER TABLE leads ADD COLUMN handover_id uuid;
CREATE INDEX leads_handover_idx ON leads (handover_id, customer_id) WHERE handover_id IS NOT NULL;
CREATE INDEX leads_open_owner_idx ON leads (owner_id, customer_id)
    WHERE status NOT IN ('converted', 'disqualified');

-- The last touches of each customer of which somebody noted how they felt.
CREATE INDEX interactions_felt_idx
    ON interactions (customer_id, occurred_at DESC, interaction_id DESC)
    WHERE sentiment IS NOT NULL;
