-- Adds a contact, or renames the one who has this address.
CREATE FUNCTION remember(name text, mail text) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO contact (name, mail) VALUES (remember.name, lower(remember.mail))
  ON CONFLICT (mail) DO UPDATE SET name = excluded.name
  RETURNING id
$$;
