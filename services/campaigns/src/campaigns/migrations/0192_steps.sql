-- Which send of its campaign a message is: two people who are one by now get each send once.
ALTER TABLE messages ADD COLUMN step text NOT NULL DEFAULT 'mail';
